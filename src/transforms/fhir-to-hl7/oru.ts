/** ORU^R01 of HL7 v2.5.1: which items stand in which message, and its header. */
import { MessageControlIdSchema } from '../../domain/identifiers';
import type { Item } from '../model/item';
import { countKinds } from '../model/counts';
import type { MappedMessage, WriteContext } from '../model/message';
import type { PatientContext } from '../model/patient';
import type { Hl7Profile } from '../model/profile';
import { shortHash } from '../model/short-hash';
import { utcTime } from '../model/time';
import { TimeZone } from '../model/time-zone';
import { hd } from './fields';
import { orderGroups } from './order-groups';
import { pidSegment } from './pid';

/**
 * Makes the messages: for each patient one, or several when there are more observations than the profile allows.
 * The same input gives the same bytes.
 * @param timeZone IANA zone of times that come without an offset
 */
export function itemsToHl7(
  items: readonly Item[],
  profile: Hl7Profile,
  timeZone: string,
  context: WriteContext,
): MappedMessage[] {
  const zone = new TimeZone(timeZone);
  const patients = new Map<string, { patient: PatientContext; items: Item[] }>();
  for (const item of items) {
    const { patient } = item;
    const known = patients.get(patient.key);
    if (known === undefined) patients.set(patient.key, { patient, items: [item] });
    else known.items.push(item);
    // One reference may lead to the Patient resource where another does not.
    if (known !== undefined && known.patient.details === undefined) known.patient = patient;
  }

  const messages: MappedMessage[] = [];
  for (const { patient, items: own } of patients.values()) {
    const pid = pidSegment(patient, profile);
    for (let first = 0; first < own.length; first += profile.maxObservationsPerMessage) {
      const some = own.slice(first, first + profile.maxObservationsPerMessage);
      const body = `${pid}\r${orderGroups(some, profile, context, zone)}`;
      messages.push({
        ...withHeader(body, profile, context),
        form: 'hl7',
        references: some.flatMap(({ references }) => references),
        patient: patient.key,
        kinds: countKinds(some),
      });
    }
  }
  return messages;
}

/** MSH before the body. MSH-10 is a hash of all the rest, so that the same id always means the same bytes. */
function withHeader(
  body: string,
  profile: Hl7Profile,
  { createdAtMs, seed }: WriteContext,
): Pick<MappedMessage, 'controlId' | 'text'> {
  const names = [
    profile.sendingApplication,
    profile.sendingFacility,
    profile.receivingApplication,
    profile.receivingFacility,
  ];
  const before = `MSH|^~\\&|${names.map(hd).join('|')}|${utcTime(createdAtMs)}||ORU^R01^ORU_R01|`;
  const after = `|${profile.processingId}|2.5.1||||||${profile.characterSet}\r${body}`;
  const controlId = MessageControlIdSchema.parse(shortHash(`${seed.length} ${seed}${before}${after}`, 20));
  return { controlId, text: before + controlId + after };
}
