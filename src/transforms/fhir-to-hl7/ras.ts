/** RAS^O17 (v2.5.1 §4.13.11): insulin as pharmacy administrations, an ORC for each. */
import type { Item } from '../model/item';
import { DUCTUS_CODES, type V2Code } from './codes';
import { escapeFormattedText, escapeText } from './escape';
import { ce, ceOf, configured, ei } from './fields';
import { instanceIdentifier } from './instance-identifier';
import type { MessageBuilder } from './message-builder';
import { notesOf, type Note } from './nte';
import { OBX_1, OBX_11, OBX_14, OBX_DELIVERY, units } from './obx';
import { entryOf, from, type ReadingContext, type ReadingEntry, type Scope } from './scope';
import { SegmentTable } from './segment-table';
import { hasDelivery } from './sub-ids';

export const RAS = 'RAS^O17^RAS_O17';

export interface OrderContext extends ReadingEntry {
  readonly scope: Scope;
}

export const ORC = new SegmentTable<OrderContext>([
  {
    id: 'orc-1',
    target: 'ORC-1',
    source: 'constant',
    why: 'RE: nobody ordered it here, the performed service follows (table 0119); what is to be done with it stands in RXA-21',
    write: () => 'RE',
  },
  {
    id: 'orc-3',
    target: 'ORC-3',
    source: 'the id of the resource',
    why: 'the filler number is the same in every version, so that the EMR finds what to correct or delete',
    from: ({ item: { path } }) => [`${path}.id`],
    write: ({ item }) => instanceIdentifier(item.reference),
  },
  {
    id: 'orc-12',
    target: 'ORC-12',
    source: 'configuration: hl7.orderingProvider',
    why: 'as OBR-16 of an ORU^R01',
    write: ({ scope }) => configured(scope.profile.orderingProvider),
  },
]);

/** A required field of a deletion that came without what belongs there: `""` is HL7's "no value" (§2.5.3). */
const NO_VALUE = '""';

/** RXA-12 by the end of the UCUM unit: the time unit of RXE-22 and 1. */
const PER_TIME: ReadonlyMap<string, string> = new Map([
  ['h', 'H1'],
  ['d', 'D1'],
  ['min', 'M1'],
  ['s', 'S1'],
]);

export const RXA = new SegmentTable<OrderContext>([
  {
    id: 'rxa-1',
    target: 'RXA-1',
    source: 'constant',
    why: '0: it belongs to no give message (RGV)',
    write: () => '0',
  },
  {
    id: 'rxa-2',
    target: 'RXA-2',
    source: 'constant',
    why: 'the first and only administration under its ORC',
    write: () => '1',
  },
  {
    id: 'rxa-3',
    target: 'RXA-3',
    source: 'effectiveDateTime, or the start of effectivePeriod',
    why: 'required; `""` in a deletion without a time',
    from: from('start'),
    write: ({ time }) => time?.text ?? NO_VALUE,
  },
  {
    id: 'rxa-4',
    target: 'RXA-4',
    source: 'the end of effectivePeriod, else the time',
    why: 'required; something given at once ends when it begins',
    from: from('end'),
    write: ({ time, end }) => end?.text ?? time?.text ?? NO_VALUE,
  },
  {
    id: 'rxa-5',
    target: 'RXA-5',
    source: 'medicationCodeableConcept: the main code and one alternate, or the sender’s own words',
    why: 'which insulin, as the sender says it',
    from: from('codes'),
    write: ({ reading }) => ceOf(reading.codes, reading.codeText),
  },
  {
    id: 'rxa-6',
    target: 'RXA-6',
    source: 'dosage.dose.value, or dosage.rateQuantity.value',
    why: 'required; the digits as they came; `""` in a deletion without a dose',
    from: from('value'),
    write: ({ reading: { value } }) => value?.number ?? NO_VALUE,
  },
  {
    id: 'rxa-7',
    target: 'RXA-7',
    source: 'the UCUM code of the quantity',
    why: 'a rate keeps its whole unit (`[IU]/h`), so that no receiver reads it as a dose',
    from: from('unit'),
    write: ({ reading: { unit } }) => (unit === undefined ? '' : units(unit)),
  },
  {
    id: 'rxa-12',
    target: 'RXA-12',
    source: 'the time unit of a rate',
    why: 'H1 for “per hour”: the form of RXE-22 (§4.14.4.22)',
    from: from('unit'),
    write: ({ reading: { unit, insulin } }) =>
      insulin?.isRate === true ? (PER_TIME.get((unit ?? '').split('/').at(-1) ?? '') ?? '') : '',
  },
  {
    id: 'rxa-20',
    target: 'RXA-20',
    source: 'status',
    why: 'CP complete, PA while the sender calls it preliminary, and when it was stopped before all was given (table 0322); empty in a deletion, which says nothing about the administration',
    from: ({ item: { path } }) => [`${path}.status`],
    write: ({ item, reading: { standing } }) => {
      if (item.status === 'D') return '';
      return standing === 'preliminary' || item.raw['status'] === 'stopped' ? 'PA' : 'CP';
    },
  },
  {
    id: 'rxa-21',
    target: 'RXA-21',
    source: 'status of the resource, and what the destination has',
    why: 'A add, U update what was delivered, D delete it (table 0323)',
    from: ({ item: { path } }) => [`${path}.status`],
    write: ({ item: { status } }) => (status === 'D' ? 'D' : status === 'C' ? 'U' : 'A'),
  },
]);

export const RXR = new SegmentTable<OrderContext>([
  {
    id: 'rxr-1',
    target: 'RXR-1',
    source: 'constant',
    why: 'required, and Roche’s profile has no route: OTH of table 0162, whose name is in the first text, with another that says so, rather than SC, which nobody stated',
    write: () => 'OTH^Other/Miscellaneous^HL70162^^Route not stated by the sender',
  },
]);

interface RasNoteContext extends ReadingContext {
  readonly note: Note;
  readonly position: number;
}

const COMMENT: V2Code = { code: '48767-8', text: 'Annotation comment [Interpretation] Narrative', system: 'LN' };
const REMARK: V2Code = { code: 'REMARK', text: 'Remark of the interface', system: DUCTUS_CODES };

export const OBX_RAS_DEVICE = new SegmentTable<ReadingContext>([
  OBX_1,
  {
    id: 'ras-device-obx-2',
    target: 'OBX-2',
    source: 'constant',
    why: 'a number of a device is text',
    write: () => 'ST',
  },
  {
    id: 'ras-device-obx-3',
    target: 'OBX-3',
    source: 'constant',
    why: 'RXA has no field for a device; the code is the one of a device that is described',
    write: () => ce({ code: 'DEVICE-ID', text: 'Identifier of the device', system: DUCTUS_CODES }),
  },
  {
    id: 'ras-device-obx-5',
    target: 'OBX-5',
    source: 'identifier of the Device behind parent-device-metric',
    why: 'for a receiver that does not read OBX-18',
    from: from('device'),
    write: ({ reading: { device } }) => escapeText(device?.value ?? ''),
  },
  OBX_11,
  OBX_14,
  {
    id: 'ras-device-obx-18',
    target: 'OBX-18',
    source: 'the same, with its system',
    why: 'where an ORU^R01 has it',
    from: from('device'),
    write: ({ reading: { device } }) => (device === undefined ? '' : ei(device.value, '', device.system)),
  },
  {
    id: 'ras-device-obx-21',
    target: 'OBX-21',
    source: 'the id of the resource and `#device`',
    why: 'unique, and the same in every version',
    from: ({ item: { path } }) => [`${path}.id`],
    write: ({ item }) => instanceIdentifier(item.reference, '#device'),
  },
]);

export const OBX_RAS_NOTE = new SegmentTable<RasNoteContext>([
  OBX_1,
  { id: 'ras-note-obx-2', target: 'OBX-2', source: 'constant', why: 'formatted text, as NTE-3', write: () => 'FT' },
  {
    id: 'ras-note-obx-3',
    target: 'OBX-3',
    source: 'LOINC 48767-8 for a comment of the patient, a local code for a remark of Ductus',
    why: 'an administration of RAS^O17 has room for an NTE only under an OBX',
    write: ({ note }) => ce(note.source === 'L' ? COMMENT : REMARK),
  },
  {
    id: 'ras-note-obx-4',
    target: 'OBX-4',
    source: 'counted',
    why: 'there can be several',
    write: ({ subId }) => subId,
  },
  {
    id: 'ras-note-obx-5',
    target: 'OBX-5',
    source: 'what stands in the NTE of an ORU^R01',
    why: 'see NTE-3',
    from: ({ note }) => note.from,
    write: ({ note }) => escapeFormattedText(note.text),
  },
  OBX_11,
  {
    id: 'ras-note-obx-21',
    target: 'OBX-21',
    source: 'the id of the resource and `#note-1`',
    why: 'unique, and the same in every version',
    from: ({ item: { path } }) => [`${path}.id`],
    write: ({ item, position }) => instanceIdentifier(item.reference, `#note-${position}`),
  },
]);

/** True when an item goes as RAS^O17. A dose with a comparator does not: RXA-6 is a number, and would say something else. */
export function isOrder({ kind, content }: Item): boolean {
  return kind === 'insulin' && content.kind === 'reading' && content.reading.value?.comparator === undefined;
}

/** Adds an ORDER group for each dose. */
export function addOrders(builder: MessageBuilder, items: readonly Item[], scope: Scope): void {
  for (const item of items) {
    if (item.content.kind !== 'reading') continue;
    const entry = entryOf(item, item.content.reading, scope.zone);
    const order = { ...entry, scope };
    builder.add(ORC, order);
    builder.add(RXA, order);
    builder.add(RXR, order);
    let setId = 0;
    const obx = (): ReadingContext => ({ ...order, setId: (setId += 1), subId: '' });
    if (hasDelivery(entry)) builder.add(OBX_DELIVERY, obx());
    if (entry.reading.device !== undefined) builder.add(OBX_RAS_DEVICE, obx());
    notesOf(entry, scope, false).forEach((note, index) => {
      const position = index + 1;
      builder.add(OBX_RAS_NOTE, { ...obx(), subId: String(position), note, position });
    });
  }
}
