/**
 * What an EMR reads out of a message: entries for a chart, each with the item it is about. An item has one OBX or
 * several: those after the first carry its id with a `#` and what they are (how insulin was given, a device's firmware).
 */
import { createHash } from 'node:crypto';
import { component, segment, type Hl7Reading, type Segment } from './hl7-reading';

/** `other`: what this EMR has no chart for. */
export const ENTRY_KINDS = ['glucose', 'carbs', 'insulin', 'device', 'report', 'other'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export interface EmrEntry {
  readonly kind: EntryKind;
  /** The FHIR resource, as in `Observation/…`; of a report, the number of the document. */
  readonly item: string;
  /** What the message wants with it: OBX-11, RXA-21 or the event of an MDM. */
  readonly action: 'new' | 'corrected' | 'deleted';
  /** undefined: none, or no number. */
  readonly value: number | undefined;
  readonly unit: string;
  /** Epoch milliseconds; undefined: none, or without an offset. */
  readonly instantMs: number | undefined;
  /** The values of all its segments. */
  readonly texts: readonly string[];
  /** SHA-256 of the document, hexadecimal; undefined: there is none. */
  readonly sha256: string | undefined;
}

/** LOINC: carbohydrate intake, estimated and measured. */
const CARBS = new Set(['9059-7', '9060-5']);
/** LOINC codes of glucose in blood, capillary blood and interstitial fluid that Roche and others send (SPECS §6.2). */
const GLUCOSE = new Set([
  '41653-7', '14743-9', '32016-8', '2339-0', '15074-8', '2344-0', '14745-4', '99504-3', '105272-9',
]); // prettier-ignore
/** Table 0085: delete, cannot be obtained, posted as wrong. */
const DELETED = new Set(['D', 'X', 'W']);

/** The entries of a message in its order. */
export function readEntries(reading: Hl7Reading): EmrEntry[] {
  const header = segment(reading, 'MSH');
  switch (component(header, 9, 1)) {
    case 'ORU':
      return observationEntries(reading);
    case 'RAS':
      return administrationEntries(reading);
    case 'MDM':
      return documentEntries(reading, component(header, 9, 2));
    default:
      return [];
  }
}

function observationEntries(reading: Hl7Reading): EmrEntry[] {
  const items = new Map<string, Segment[]>();
  for (const one of reading.segments) {
    if (one[0] !== 'OBX') continue;
    const [item = ''] = component(one, 21).split('#');
    const own = items.get(item);
    if (own === undefined) items.set(item, [one]);
    else own.push(one);
  }
  return [...items].map(([item, segments]) => {
    const main = segments.find((one) => !component(one, 21).includes('#')) ?? segments[0];
    return {
      kind: kindOf(item, main),
      item: item.includes('/') ? item : `Observation/${item}`,
      action: actionOf(component(main, 11)),
      value: numberOf(component(main, 5)),
      unit: component(main, 6),
      instantMs: instantOf(component(main, 14)),
      texts: segments.map((one) => component(one, 5)),
      sha256: undefined,
    };
  });
}

function kindOf(item: string, main: Segment | undefined): EntryKind {
  // A resource as it was sent, which this EMR does not look into.
  if (component(main, 2) === 'ED') return 'other';
  if (item.startsWith('MedicationAdministration/')) return 'insulin';
  if (item.startsWith('Device/')) return 'device';
  const codes = [component(main, 3, 1), component(main, 3, 4)];
  if (codes.some((code) => CARBS.has(code))) return 'carbs';
  return codes.some((code) => GLUCOSE.has(code)) ? 'glucose' : 'other';
}

function actionOf(status: string): EmrEntry['action'] {
  if (DELETED.has(status)) return 'deleted';
  return status === 'C' ? 'corrected' : 'new';
}

function administrationEntries(reading: Hl7Reading): EmrEntry[] {
  const entries: EmrEntry[] = [];
  let item = '';
  for (const one of reading.segments) {
    if (one[0] === 'ORC') item = component(one, 3).split('#')[0] ?? '';
    if (one[0] !== 'RXA') continue;
    const action = component(one, 21);
    entries.push({
      kind: 'insulin',
      item,
      action: action === 'D' ? 'deleted' : action === 'U' ? 'corrected' : 'new',
      value: numberOf(component(one, 6)),
      unit: component(one, 7),
      instantMs: instantOf(component(one, 3)),
      texts: [component(one, 6)],
      sha256: undefined,
    });
  }
  return entries;
}

function documentEntries(reading: Hl7Reading, event: string): EmrEntry[] {
  const header = segment(reading, 'TXA');
  const content = segment(reading, 'OBX');
  const data = component(content, 5, 5);
  const bytes = component(content, 2) === 'ED' ? Buffer.from(data, 'base64') : undefined;
  return [
    {
      kind: 'report',
      item: component(header, 12),
      action: event === 'T11' ? 'deleted' : event === 'T10' ? 'corrected' : 'new',
      value: undefined,
      unit: '',
      instantMs: instantOf(component(header, 4)),
      texts: [component(header, 2)],
      sha256: bytes === undefined ? undefined : createHash('sha256').update(bytes).digest('hex'),
    },
  ];
}

function numberOf(text: string): number | undefined {
  return text === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d+)?([+-])(\d\d)(\d\d)$/;

/** The instant of an HL7 time with an offset. */
function instantOf(text: string): number | undefined {
  const parts = TIME.exec(text);
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const offset = (Number(parts[8]) * 60 + Number(parts[9])) * (parts[7] === '-' ? -60_000 : 60_000);
  return Date.UTC(year, month - 1, day, hour, minute, second) - offset;
}
