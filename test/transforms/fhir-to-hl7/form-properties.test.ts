/** What must hold for every form and all kinds of items: the same bytes again, and everything read back as it was given. */
import { Hl7Message, type Hl7Segment } from '@medplum/core';
import fc from 'fast-check';
import { itemsToHl7, unescapeText } from '../../../src/transforms/fhir-to-hl7';
import type { Item } from '../../../src/transforms/model/item';
import type { MappedMessage } from '../../../src/transforms/model/message';
import type { Code, Finding, Reading } from '../../../src/transforms/model/reading';
import { TimeZone } from '../../../src/transforms/model/time-zone';
import { toHl7Time } from '../../../src/transforms/model/time';
import type { TracedField } from '../../../src/transforms/model/trace';
import { anyItems } from './arbitrary-items';
import { testContext, testProfile, type ProfileChanges } from './profile';
import { component } from './read-message';

const FORMS: readonly (readonly [string, ProfileChanges])[] = [
  ['ORU^R01', { devices: 'describe' }],
  ['ORU^R01 with an OBR for each', { devices: 'describe', grouping: 'observation', deletionStatus: 'W' }],
  ['IHE PCD-01', { version: 'pcd-01', devices: 'describe', maxObservationsPerMessage: 4 }],
  [
    'RAS^O17',
    {
      insulin: 'ras',
      devices: 'describe',
      orderingProvider: '4711^Muster^Maxi^^^^^^HIS&2.999&ISO',
      visit: { patientClass: 'O', location: 'DIAB^1', visitNumber: 'V1' },
    },
  ],
];
const ZONE = new TimeZone('Europe/Berlin');

function write(items: readonly Item[], changes: ProfileChanges, traces?: Map<number, TracedField[]>): MappedMessage[] {
  const { hl7 } = testProfile(changes);
  const traceOf = (position: number) => {
    const fields: TracedField[] = [];
    traces?.set(position, fields);
    return { add: (field: TracedField) => void fields.push(field) };
  };
  return itemsToHl7(items, hl7, ZONE.name, testContext(traces === undefined ? {} : { traceOf }));
}

const asFormatted = (text: string): string => text.replace(/\r\n|\r/g, '\n');

/** The segments that have the OBX-21 or ORC-3 of an item, by what follows its reference. */
function partsOf(messages: readonly MappedMessage[], { reference }: Item): Map<string, Hl7Segment> {
  const id = reference.replace('Observation/', '');
  const parts = new Map<string, Hl7Segment>();
  for (const { text } of messages) {
    for (const segment of Hl7Message.parse(text).segments) {
      const [name, field] = segment.name === 'OBX' ? ['', 21] : segment.name === 'ORC' ? ['ORC', 3] : ['', 0];
      if (field === 0) continue;
      const own = component(segment, field);
      if (own === id || own.startsWith(`${id}#`)) parts.set(name + own.slice(id.length), segment);
    }
  }
  return parts;
}

/** Segments from one on, up to the next of a name. */
function below(messages: readonly MappedMessage[], segment: Hl7Segment, until: string): Hl7Segment[] {
  for (const { text } of messages) {
    const { segments } = Hl7Message.parse(text);
    const at = segments.findIndex((each) => each.toString() === segment.toString());
    if (at < 0) continue;
    const rest = segments.slice(at + 1);
    const end = rest.findIndex(({ name }) => name === until);
    return end < 0 ? rest : rest.slice(0, end);
  }
  return [];
}

function expectCode(segment: Hl7Segment, field: number, { code, display }: Code): void {
  const found = [0, 3].map((at) => [component(segment, field, at + 1), component(segment, field, at + 2)]);
  expect(found).toContainEqual([code, display ?? '']);
}

function expectFinding(segment: Hl7Segment, finding: Finding, notes: readonly string[]): void {
  const type = component(segment, 2);
  if (finding.kind === 'text') {
    const lines = (segment.getField(5)?.toString() ?? '').split('~').map(unescapeText);
    if (type === 'ST') expect(lines).toEqual([finding.text]);
    else expect(lines).toEqual(finding.text.split(/\r\n|\r|\n/));
    expect(['ST', 'TX']).toContain(type);
    return;
  }
  expect(type).toBe('CWE');
  expect(component(segment, 5, 9)).toBe(finding.words ?? '');
  const shown = [1, 4].map((at) => component(segment, 5, at));
  finding.codes.forEach(({ code }, position) => {
    if (position < 2) expect(shown[position]).toBe(code);
    else expect(notes.some((note) => note.startsWith(`Also found, as coded: ${asFormatted(code)}`))).toBe(true);
  });
}

function expectReading(segment: Hl7Segment, reading: Reading, notes: readonly string[]): void {
  const { value, finding, unit, codes, device, interpretation, referenceRange, start, end } = reading;
  if (finding === undefined) {
    const number = value?.comparator === undefined ? component(segment, 5) : component(segment, 5, 2);
    expect(number).toBe(value?.number ?? '');
  } else {
    expectFinding(segment, finding, notes);
  }
  if (value?.comparator !== undefined) expect(component(segment, 5)).toBe(value.comparator);
  expect(component(segment, 6)).toBe(unit ?? '');
  expect(component(segment, 7)).toBe(referenceRange ?? '');
  const at = start ?? end;
  expect(component(segment, 14)).toBe(at === undefined ? '' : toHl7Time(at, ZONE).text);
  const eui64 = component(segment, 18, 4) === 'EUI-64';
  const sent = device?.value ?? '';
  expect(component(segment, 18)).toBe(eui64 ? sent.replaceAll('-', '').toUpperCase() : sent);
  const shown = [0, 3].map((each) => component(segment, 3, each + 1));
  for (const { code } of codes) {
    const isNoted = notes.some((note) => note.startsWith(`Also coded as ${asFormatted(code)}`));
    expect(shown.includes(code) || isNoted).toBe(true);
  }
  const flags = unescapeText(segment.getField(8)?.toString() ?? '').split('~');
  for (const { code, display } of interpretation ?? []) {
    const isNoted = notes.includes(`Interpretation: ${asFormatted(display ?? code)}`);
    expect(flags.includes(code) || isNoted).toBe(true);
  }
}

function expectNotes(notes: readonly string[], { comments, remarks }: Reading): void {
  for (const text of [...comments, ...(remarks ?? [])]) expect(notes).toContain(asFormatted(text));
}

function expectInOru(messages: readonly MappedMessage[], item: Item, isPanel: boolean): void {
  if (item.content.kind !== 'reading') return;
  const { reading } = item.content;
  const parts = partsOf(messages, item);
  const main = parts.get('');
  if (main === undefined) throw new Error('the OBX of a reading is missing');
  const notes = below(messages, main, 'OBX').flatMap((nte) => (nte.name === 'NTE' ? [component(nte, 3)] : []));
  expectReading(main, reading, notes);
  expectNotes(notes, reading);
  if (isPanel && reading.end !== undefined && reading.start !== undefined) {
    expect(notes).toContain(`End of the period: ${toHl7Time(reading.end, ZONE).text}`);
  }
  const delivery = parts.get('#admin-type');
  expect(delivery !== undefined).toBe(reading.insulin?.adminType !== undefined);
  if (delivery === undefined || reading.insulin?.adminType === undefined) return;
  expectCode(delivery, 5, reading.insulin.adminType);
  expect(delivery.getField(11)?.toString()).toBe(main.getField(11)?.toString());
  expect(component(delivery, 4)).toBe(`${component(main, 4)}.1`);
}

function expectInRas(messages: readonly MappedMessage[], item: Item): void {
  if (item.content.kind !== 'reading') return;
  const { reading } = item.content;
  const parts = partsOf(messages, item);
  const orc = parts.get('ORC');
  if (orc === undefined) throw new Error('the ORC of a dose is missing');
  const own = below(messages, orc, 'ORC');
  const [rxa, rxr, ...obx] = own;
  if (rxa?.name !== 'RXA' || rxr?.name !== 'RXR') throw new Error('RXA and RXR are missing');
  const raw = (field: number): string => rxa.getField(field)?.toString() ?? '';
  const start = reading.start ?? reading.end;
  expect(raw(3)).toBe(start === undefined ? '""' : toHl7Time(start, ZONE).text);
  const end = reading.end ?? reading.start;
  expect(raw(4)).toBe(end === undefined ? '""' : toHl7Time(end, ZONE).text);
  expect(raw(6)).toBe(reading.value?.number ?? '""');
  expect(component(rxa, 7)).toBe(reading.unit ?? '');
  expect(component(rxa, 12)).toBe(reading.insulin?.isRate === true && reading.unit !== undefined ? 'H1' : '');
  expect(raw(21)).toBe({ F: 'A', P: 'A', C: 'U', D: 'D' }[item.status]);
  const texts = obx.filter((each) => component(each, 2) === 'FT').map((each) => component(each, 5));
  expectNotes(texts, reading);
  for (const { code } of reading.codes.slice(0, 2)) expect([component(rxa, 5), component(rxa, 5, 4)]).toContain(code);
  if (reading.device !== undefined) {
    const device = parts.get('#device');
    expect(device === undefined ? '' : component(device, 5)).toBe(reading.device.value);
  }
  const adminType = reading.insulin?.adminType;
  const delivery = parts.get('#admin-type');
  if (adminType !== undefined && delivery !== undefined) expectCode(delivery, 5, adminType);
  expect(delivery !== undefined).toBe(adminType !== undefined);
}

function expectReport(messages: readonly MappedMessage[], { content, status, reference }: Item): void {
  if (content.kind !== 'report') return;
  const { report } = content;
  const own = messages.find(({ references }) => references[0] === reference);
  const message = Hl7Message.parse(own?.text ?? '');
  const event = { F: 'T02', P: 'T02', C: 'T10', D: 'T11' }[status];
  expect(component(message.segments[0] ?? message.header, 9, 2)).toBe(event);
  const txa = message.getSegment('TXA');
  if (txa === undefined) throw new Error('TXA is missing');
  expect(component(txa, 2)).toBe(report.type.code);
  const { root, extension } = report.id;
  expect(component(txa, 12)).toBe(extension ?? root);
  expect(component(txa, 12, 3)).toBe(root);
  const authors = (txa.getField(9)?.toString() ?? '').split('~').map((author) => unescapeText(author.slice(1)));
  if (report.authors.length > 0) expect(authors).toEqual(report.authors);
  const obx = message.getSegment('OBX');
  if (event === 'T11') return void expect(obx).toBeUndefined();
  if (obx === undefined) throw new Error('the document is missing');
  expect([...Buffer.from(component(obx, 5, 5), 'base64')]).toEqual([...report.bytes]);
  expectCode(obx, 3, report.type);
  if (report.title !== undefined) {
    expect(message.getAllSegments('NTE').map((nte) => component(nte, 3))).toContain(asFormatted(report.title));
  }
}

function expectDevice(messages: readonly MappedMessage[], item: Item): void {
  if (item.content.kind !== 'device') return;
  const { device } = item.content;
  const parts = partsOf(messages, item);
  const textOf = (part: string): string | undefined => {
    const segment = parts.get(`#${part}`);
    return segment === undefined ? undefined : component(segment, 5);
  };
  expect(textOf('id')).toBe(device.id.value);
  expect(textOf('manufacturer')).toBe(device.manufacturer);
  expect(textOf('model')).toBe(device.model);
  expect(textOf('serial')).toBe(device.serialNumber);
  expect(textOf('udi')).toBe(device.udi);
  device.versions.forEach(({ value }, position) => expect(textOf(`version-${position + 1}`)).toBe(value));
  device.metrics.forEach(({ type }, position) => expect(textOf(`metric-${position + 1}`)).toBe(type[0]?.code));
}

describe.each(FORMS)('properties of %s', (_, changes) => {
  it('should give the same bytes for the same items, and name each item once', () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        const messages = write(items, changes);
        expect(write(items, changes)).toEqual(messages);
        const references = messages.flatMap((message) => message.references);
        expect(references.toSorted()).toEqual(items.flatMap((item) => item.references).toSorted());
        expect(new Set(messages.map(({ controlId }) => controlId)).size).toBe(messages.length);
      }),
      { numRuns: 30 },
    );
  });

  it('should write everything so that a receiver reads what was given', () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        const messages = write(items, changes);
        for (const item of items) {
          const isDose = changes.insulin === 'ras' && item.kind === 'insulin';
          const hasComparator = item.content.kind === 'reading' && item.content.reading.value?.comparator !== undefined;
          if (isDose && !hasComparator) expectInRas(messages, item);
          else expectInOru(messages, item, changes.grouping !== 'observation');
          expectReport(messages, item);
          expectDevice(messages, item);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('should say the same with lineage as without, and where each field is from', () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        const traces = new Map<number, TracedField[]>();
        const messages = write(items, changes, traces);
        expect(messages).toEqual(write(items, changes));
        messages.forEach(({ text }, position) => {
          expect(rebuilt(traces.get(position) ?? [])).toBe(text);
          for (const { from } of traces.get(position) ?? []) {
            for (const path of from) expect(path).toMatch(/^(Bundle\.entry\[\d+\]\.resource|ClinicalDocument)/);
          }
        });
      }),
      { numRuns: 30 },
    );
  });

  it('should never write a byte that breaks segments or frames', () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        for (const { text } of write(items, changes)) {
          expect(text.replaceAll('\r', '')).not.toMatch(/[\u0000-\u001f\u007f]/);
          expect(text.isWellFormed()).toBe(true);
          for (const segment of text.slice(0, -1).split('\r')) {
            expect(segment).toMatch(/^(MSH|PID|PV1|OBR|OBX|NTE|ORC|RXA|RXR|EVN|TXA)\|/);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});

/** The message that the lineage alone gives: every field, and nothing else, is in it. */
function rebuilt(fields: readonly TracedField[]): string {
  const segments = new Map<string, string[]>();
  for (const { target, text } of fields) {
    const [, segment = '', field = ''] = /^(.*)-(\d+)$/.exec(target) ?? [];
    const own = segments.get(segment) ?? [segment.slice(0, 3)];
    own[Number(field)] = text;
    segments.set(segment, own);
  }
  const lines = [...segments.values()].map((own) => Array.from(own, (text) => text ?? ''));
  return lines
    .map((own) => (own[0] === 'MSH' ? `MSH|${own.slice(2).join('|')}` : own.join('|')))
    .map((line) => `${line}\r`)
    .join('');
}
