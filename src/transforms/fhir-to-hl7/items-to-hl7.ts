/** Items to HL7 v2 messages: which items stand in which message. */
import { byPatient, inParts } from '../model/by-patient';
import type { Item } from '../model/item';
import { countKinds } from '../model/counts';
import type { MappedMessage, WriteContext } from '../model/message';
import type { Hl7Profile } from '../model/profile';
import { utcTime } from '../model/time';
import { TimeZone } from '../model/time-zone';
import { addDocument, EVN, reportContext, reportType } from './mdm';
import { MessageBuilder } from './message-builder';
import { ORU } from './msh';
import { addObservations } from './oru';
import { PID, PV1 } from './pid';
import { addOrders, isOrder, RAS } from './ras';
import type { Scope } from './scope';

/**
 * Makes the messages: for each patient the observations (ORU^R01), the doses of insulin when they go as administrations
 * (RAS^O17), and the reports (MDM, one each); several where there are more than the profile allows. The same input gives
 * the same bytes. Devices that are only referenced are in no message: the selection makes them context.
 * @param timeZone IANA zone of times that come without an offset
 * @throws DuctusError DUCTUS_SITE_MAPPING_FAILED
 */
export function itemsToHl7(
  items: readonly Item[],
  profile: Hl7Profile,
  timeZone: string,
  context: WriteContext,
): MappedMessage[] {
  const createdAt = utcTime(context.createdAtMs);
  const v251: Scope = { profile, zone: new TimeZone(timeZone), createdAt, isPcd: false };
  const observed: Scope = { ...v251, isPcd: profile.version === 'pcd-01' };
  const messages: MappedMessage[] = [];

  for (const { patient, items: own } of byPatient(items)) {
    const write = (type: string, some: readonly Item[], add: (builder: MessageBuilder) => void): void => {
      const builder = new MessageBuilder(context.traceOf !== undefined);
      add(builder);
      messages.push({
        ...builder.finish({ type, profile, createdAt, controlId: '' }, context, messages.length),
        form: 'hl7',
        references: some.flatMap(({ references }) => references),
        patient: patient.key,
        kinds: countKinds(some),
      });
    };
    const addPatient = (builder: MessageBuilder, hasVisit: boolean): void => {
      builder.add(PID, { patient, profile });
      if (hasVisit) builder.add(PV1, { patient, profile });
    };
    const hasVisit = profile.visit !== undefined;
    const { observations, orders, reports } = byForm(own, profile);
    for (const some of inParts(observations, profile.maxObservationsPerMessage)) {
      write(ORU, some, (builder) => {
        addPatient(builder, hasVisit);
        addObservations(builder, some, observed, context.seed);
      });
    }
    for (const some of inParts(orders, profile.maxObservationsPerMessage)) {
      write(RAS, some, (builder) => {
        addPatient(builder, hasVisit);
        addOrders(builder, some, v251);
      });
    }
    for (const item of reports) {
      if (item.content.kind !== 'report') continue;
      const document = reportContext(item, item.content.report, v251);
      write(reportType(item), [item], (builder) => {
        builder.add(EVN, document);
        addPatient(builder, true);
        addDocument(builder, document);
      });
    }
  }
  return messages;
}

function byForm(items: readonly Item[], { insulin, devices }: Hl7Profile): Readonly<Record<Form, readonly Item[]>> {
  const forms: Record<Form, Item[]> = { observations: [], orders: [], reports: [] };
  for (const item of items) {
    const { kind } = item.content;
    if (kind === 'device' && devices === 'reference') continue;
    if (kind === 'report') forms.reports.push(item);
    else if (insulin === 'ras' && isOrder(item)) forms.orders.push(item);
    else forms.observations.push(item);
  }
  return forms;
}
type Form = 'observations' | 'orders' | 'reports';
