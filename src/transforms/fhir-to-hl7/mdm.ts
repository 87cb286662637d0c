/** MDM (v2.5.1 chapter 9): a report as a document, with its XML inside. */
import type { Item } from '../model/item';
import type { Report } from '../model/reading';
import { toHl7Time, type Hl7Time } from '../model/time';
import { escapeText } from './escape';
import { ceOf, ei, trimmed } from './fields';
import type { MessageBuilder } from './message-builder';
import { clockNote, NTE, type Note } from './nte';
import { OBX_11 } from './obx';
import type { Scope } from './scope';
import { SegmentTable } from './segment-table';

/** By what becomes of the document: new, replaced, cancelled. A cancel notification has no content, so MDM_T01. */
const TYPES = {
  T02: 'MDM^T02^MDM_T02',
  T10: 'MDM^T10^MDM_T02',
  T11: 'MDM^T11^MDM_T01',
} as const;
type Event = keyof typeof TYPES;

export interface ReportContext {
  readonly scope: Scope;
  readonly item: Item;
  readonly report: Report;
  readonly event: Event;
  readonly time: Hl7Time | undefined;
}

function from(element: string): (context: ReportContext) => readonly string[] {
  return ({ item: { path } }) => [`${path}.${element}`];
}

export const EVN = new SegmentTable<ReportContext>([
  {
    id: 'evn-1',
    target: 'EVN-1',
    source: 'the event of MSH-9',
    why: 'kept for older receivers (§3.4.1.1)',
    write: ({ event }) => event,
  },
  {
    id: 'evn-2',
    target: 'EVN-2',
    source: 'time of the notification, UTC',
    why: 'required',
    write: ({ scope }) => scope.createdAt,
  },
]);

/** Table 0272 for the codes of a CDA; others have none. */
const CONFIDENTIALITY: ReadonlyMap<string, string> = new Map([
  ['N', 'U'],
  ['R', 'R'],
  ['V', 'V'],
]);

export const TXA = new SegmentTable<ReportContext>([
  { id: 'txa-1', target: 'TXA-1', source: 'constant', why: 'one document in a message', write: () => '1' },
  {
    id: 'txa-2',
    target: 'TXA-2',
    source: 'ClinicalDocument.code',
    why: 'a code only (IS, user-defined table 0270); with its system and name it stands in OBX-3',
    from: from('code'),
    write: ({ report }) => escapeText(report.type.code),
  },
  {
    id: 'txa-3',
    target: 'TXA-3',
    source: 'constant',
    why: 'machine readable text (table 0191)',
    write: () => 'TEXT',
  },
  {
    id: 'txa-4',
    target: 'TXA-4',
    source: 'ClinicalDocument.effectiveTime',
    why: 'what the document is about ends when it was made',
    from: from('effectiveTime'),
    write: ({ time }) => time?.text ?? '',
  },
  {
    id: 'txa-6',
    target: 'TXA-6',
    source: 'ClinicalDocument.effectiveTime',
    why: 'when it was made',
    from: from('effectiveTime'),
    write: ({ time }) => time?.text ?? '',
  },
  {
    id: 'txa-9',
    target: 'TXA-9',
    source: 'ClinicalDocument.author: names',
    why: 'a name as text stands where a reader looks first (XCN-2); a program can be an author',
    from: from('author'),
    write: ({ report }) => report.authors.map((name) => `^${escapeText(name)}`).join('~'),
  },
  {
    id: 'txa-12',
    target: 'TXA-12',
    source: 'ClinicalDocument.id',
    why: 'extension with the root as authority; without extension the root is both, since EI-1 is required',
    from: from('id'),
    write: ({ report }) => documentNumber(report.id),
  },
  {
    id: 'txa-13',
    target: 'TXA-13',
    source:
      'ClinicalDocument.relatedDocument of type RPLC; in a T10 without one its own id, when it is the first version or has no set',
    why: 'the document that this one replaces (§9.6.1.13); empty in a later version that does not say which: its own number was never sent',
    from: ({ item: { path }, report }) => [`${path}.${report.replaces === undefined ? 'id' : 'relatedDocument'}`],
    write: ({ report, event }) => {
      const isSame = report.set === undefined || report.versionNumber === '1';
      const parent = report.replaces ?? (event === 'T10' && isSame ? report.id : undefined);
      return parent === undefined ? '' : documentNumber(parent);
    },
  },
  {
    id: 'txa-17',
    target: 'TXA-17',
    source: 'constant',
    why: 'DO, documented: a signature is in the XML if there is one, and is not checked here (table 0271)',
    write: ({ item }) => (item.status === 'P' ? 'IP' : 'DO'),
  },
  {
    id: 'txa-18',
    target: 'TXA-18',
    source: 'ClinicalDocument.confidentialityCode',
    why: 'N is U, usual control; R and V are the same (table 0272)',
    from: from('confidentialityCode'),
    write: ({ report }) => CONFIDENTIALITY.get(report.confidentiality ?? '') ?? '',
  },
  {
    id: 'txa-19',
    target: 'TXA-19',
    source: 'the event',
    why: 'AV available; CA in a T11: deleted (table 0273)',
    write: ({ event }) => (event === 'T11' ? 'CA' : 'AV'),
  },
]);

export const OBX_REPORT = new SegmentTable<ReportContext>([
  { id: 'report-obx-1', target: 'OBX-1', source: 'constant', why: 'one document in a message', write: () => '1' },
  { id: 'report-obx-2', target: 'OBX-2', source: 'constant', why: 'encapsulated data (§2.A.24)', write: () => 'ED' },
  {
    id: 'report-obx-3',
    target: 'OBX-3',
    source: 'ClinicalDocument.code',
    why: 'what kind of document, as the sender says it',
    from: from('code'),
    write: ({ report }) => ceOf([report.type, ...(report.otherTypes ?? [])]),
  },
  {
    id: 'report-obx-5',
    target: 'OBX-5',
    source: 'the whole file',
    why: 'byte for byte, so that a signature in it stays valid; TEXT of table 0191, XML of table 0291, Base64 of table 0299',
    from: ({ item: { path } }) => [path],
    write: ({ report: { bytes } }) =>
      `^TEXT^XML^Base64^${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`,
  },
  OBX_11,
  {
    id: 'report-obx-14',
    target: 'OBX-14',
    source: 'ClinicalDocument.effectiveTime',
    why: 'as TXA-6',
    from: from('effectiveTime'),
    write: ({ time }) => time?.text ?? '',
  },
  {
    id: 'report-obx-21',
    target: 'OBX-21',
    source: 'ClinicalDocument.setId, else id',
    why: 'the same in every version of the document',
    from: ({ item: { path }, report }) => [`${path}.${report.set === undefined ? 'id' : 'setId'}`],
    write: ({ report }) => documentNumber(report.set ?? report.id),
  },
  {
    id: 'report-obx-23',
    target: 'OBX-23',
    source: 'ClinicalDocument.custodian: the name of the organization',
    why: 'who answers for it (§7.4.2.23)',
    from: from('custodian'),
    write: ({ report }) => escapeText(report.organization ?? ''),
  },
]);

/** Which message a report goes as. A correction is a later version of the same set. */
export function reportEvent({ status }: Item): Event {
  return status === 'D' ? 'T11' : status === 'C' ? 'T10' : 'T02';
}

export function reportType(item: Item): string {
  return TYPES[reportEvent(item)];
}

/** The context of a report's segments. */
export function reportContext(item: Item, report: Report, scope: Scope): ReportContext {
  const time = report.time === undefined ? undefined : toHl7Time(report.time, scope.zone);
  return { scope, item, report, event: reportEvent(item), time };
}

/** TXA, and the document with its title under it (TXA-25 has the title only since v2.7). */
export function addDocument(builder: MessageBuilder, context: ReportContext): void {
  const { event, report, item, time, scope } = context;
  builder.add(TXA, context);
  if (event === 'T11') return;
  builder.add(OBX_REPORT, context);
  const notes: Note[] = [];
  if ((report.title ?? '') !== '') notes.push({ source: 'L', text: report.title ?? '', from: [`${item.path}.title`] });
  if (time?.change !== undefined) {
    notes.push({ source: 'O', text: clockNote(time.change, scope.zone.name), from: [`${item.path}.effectiveTime`] });
  }
  notes.forEach((note, position) => builder.add(NTE, { ...note, setId: position + 1 }));
}

function documentNumber({ root, extension }: Report['id']): string {
  if (extension !== undefined && extension !== '') return ei(extension, '', systemOf(root));
  const [, id = '', type = ''] = [root, ...authority(root)];
  return trimmed([escapeText(root), '', id, type], '^');
}

function authority(root: string): [string, string] {
  return /^[0-9.]+$/.test(root)
    ? [root, 'ISO']
    : /^[0-9a-f-]{36}$/i.test(root)
      ? [root, 'UUID']
      : [escapeText(root), 'L'];
}

/** The root of an II is an OID, a UUID or a name (HL7 RUID). */
function systemOf(root: string): string {
  return /^[0-9.]+$/.test(root) ? `urn:oid:${root}` : /^[0-9a-f-]{36}$/i.test(root) ? `urn:uuid:${root}` : root;
}
