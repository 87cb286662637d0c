/**
 * The difference of a redelivery: what is sent again says the same as what was sent before, in every form, however the
 * messages are cut; and what a fix of the mapping changes is found, by field.
 */
import { bgBundle } from '../../../simulators/roche-dc/sample-data';
import { diaryBundle } from '../../../simulators/roche-dc/sample-diary';
import type { DestinationConfig } from '../../../src/runtime/config/schema';
import { mappingProfile } from '../../../src/activities/mapping-profile';
import {
  compareUnits,
  DifferenceTally,
  signatureOf,
  unitsOf,
  type Change,
  type Unit,
} from '../../../src/transforms/difference';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { mapEachItem, mapFile } from '../../../src/transforms/mapping';
import type { MapContext } from '../../../src/transforms/model/message';
import type { MappingProfile } from '../../../src/transforms/model/profile';
import { testConfig } from '../../support/config';

const file = readBundle(
  Buffer.from(JSON.stringify(bgBundle({ patient: 1, count: 7, seed: 1, carbs: 2, insulin: 2, devices: true }))),
);

/** With relations between measurements, what was eaten, and insulin. */
const diary = readBundle(
  Buffer.from(JSON.stringify(diaryBundle({ patient: 2, seed: 2, start: '2026-03-28T06:00:00Z', meals: 5 }))),
);

function profileOf(destination: object): MappingProfile {
  const config = testConfig({ organizations: {}, destinations: { emr: destination } });
  const found: DestinationConfig | undefined = Object.values(config.destinations)[0];
  if (found === undefined) throw new Error('no destination');
  return mappingProfile(found, { timeZone: 'Europe/Berlin', identity: 'as-sent' }, []);
}

const first: MapContext = {
  createdAtMs: 1_700_000_000_000,
  seed: 'first',
  delivered: new Map(),
  leaveOut: new Set(),
  identities: new Map(),
  redelivery: false,
};
/** Another time, another seed, and the destination has everything. */
const again: MapContext = {
  ...first,
  createdAtMs: 1_800_000_000_000,
  seed: 'again',
  delivered: new Map(file.resources.map(({ reference }) => [reference, 'current'])),
  redelivery: true,
};

const mllp = { kind: 'mllp', host: 'localhost', port: 1 };
const FORMS: Readonly<Record<string, object>> = {
  'ORU^R01': { ...mllp, hl7: { devices: 'describe' } },
  'an OBR for each': { ...mllp, hl7: { grouping: 'observation', visit: {} } },
  'RAS^O17': { ...mllp, hl7: { insulin: 'ras' } },
  'PCD-01': { ...mllp, hl7: { version: 'pcd-01', devices: 'describe' } },
  'FHIR transaction': { kind: 'file', folder: '/tmp', format: 'fhir' },
  'FHIR with ids': { kind: 'file', folder: '/tmp', format: 'fhir', fhir: { upsert: 'id', maxEntriesPerBundle: 4 } },
  JSON: { kind: 'file', folder: '/tmp', format: 'json' },
};

function changes(before: MappingProfile, after: MappingProfile, content = file): readonly Change[] {
  const had = new Map<string, Unit>();
  for (const { form, text } of mapFile(content, before, first).messages) {
    for (const unit of unitsOf(form, text)) had.set(unit.key, unit);
  }
  const delivered: MapContext['delivered'] = new Map(content.resources.map(({ reference }) => [reference, 'current']));
  return mapEachItem(content, after, { ...again, delivered }).flatMap(({ form, text }) =>
    unitsOf(form, text).flatMap((unit) => {
      const was = had.get(unit.key);
      if (was === undefined) throw new Error('it is known by another key than before');
      return compareUnits(form, was, unit);
    }),
  );
}

describe.each(Object.keys(FORMS))('%s', (name) => {
  const profile = profileOf(FORMS[name] ?? {});

  it('should find no difference where the mapping is the same', () => {
    expect(mapEachItem(file, profile, again).length).toBeGreaterThanOrEqual(11);
    expect(changes(profile, profile)).toEqual([]);
  });

  it('should find no difference since what belongs together stands alone', () => {
    expect(diary.resources.length).toBeGreaterThan(15);
    expect(changes(profile, profile, diary)).toEqual([]);
  });

  it('should sign the same for the same', () => {
    const sign = (context: MapContext): string[] =>
      mapEachItem(file, profile, context).map(({ form, text }) => signatureOf(unitsOf(form, text)));
    expect(sign(again)).toEqual(sign({ ...again, createdAtMs: 0, seed: 'other' }));
    expect(new Set(sign(again)).size).toBe(sign(again).length);
  });

  it('should find what a code map changes', () => {
    const code = '99LAB-1';
    const mapped: MappingProfile = {
      ...profile,
      selection: {
        ...profile.selection,
        codeMappings: ['41653-7', '2339-0', '15074-8', '14743-9'].map((from) => ({
          from: { system: 'http://loinc.org', code: from },
          to: { system: '99LAB', code, display: 'Glucose' },
        })),
      },
    };
    const found = changes(profile, mapped).filter(({ after }) => after.includes(code));
    expect(found.length).toBeGreaterThanOrEqual(7);
  });
});

describe('HL7 fields', () => {
  const message = (pid: string, obx: string): Unit[] => [
    ...unitsOf('hl7', `MSH|^~\\&|A|B|C|D|2024||ORU^R01^ORU_R01|ID|P|2.5.1\rPID|1||${pid}\rOBR|1||X|P\r${obx}\r`),
  ];

  it('should name component and repetition', () => {
    const [before] = message('1^^^OLD^MR~2', 'OBX|1|NM|A^B^LN||5||||||F||||||||||id^DUCTUS');
    const [after] = message('1^^^NEW^MR~3', 'OBX|7|NM|C^B^LN|2|5.0||||||C||||||||||id^DUCTUS\rNTE|1|O|new');
    if (before === undefined || after === undefined) throw new Error('no unit');
    expect(compareUnits('hl7', before, after)).toEqual([
      { field: 'PID-3[1].4', before: 'OLD', after: 'NEW' },
      { field: 'PID-3[2]', before: '2', after: '3' },
      { field: 'OBX-3.1', before: 'A', after: 'C' },
      { field: 'OBX-5', before: '5', after: '5.0' },
      { field: 'NTE-2', before: '', after: 'O' },
      { field: 'NTE-3', before: '', after: 'new' },
    ]);
  });

  it('should tell a deletion from a result, and not a correction from a first one', () => {
    const status = (text: string) =>
      message('1', `OBX|1|NM|A||5||||||${text}||||||||||id^DUCTUS`)[0]?.parts.at(-1)?.text;
    expect(status('C')).toBe(status('F'));
    expect(status('D')).not.toBe(status('F'));
  });
});

describe('JSON', () => {
  it('should see the digits of a number', () => {
    const of = (value: string): Unit => {
      const entry = `{"resource":{"resourceType":"Observation","valueQuantity":{"value":${value}}},"request":{"method":"PUT","url":"Observation/1"}}`;
      const [unit] = unitsOf('fhir', `{"resourceType":"Bundle","entry":[${entry}]}`);
      if (unit === undefined) throw new Error('no unit');
      return unit;
    };
    expect(compareUnits('fhir', of('5.0'), of('5.00'))).toEqual([
      { field: 'Observation.valueQuantity.value', before: '5.0', after: '5.00' },
    ]);
  });
});

describe('the tally', () => {
  it('should count resources by field, keep the first examples, and go on from what was added up before', () => {
    const tally = new DifferenceTally();
    for (let index = 0; index < 30; index += 1) {
      tally.add([
        { field: 'OBX-3.1', before: 'A', after: 'B' },
        { field: 'OBX-5', before: '', after: String(index) },
      ]);
    }
    const next = new DifferenceTally(tally.fields());
    next.add([{ field: 'OBX-3.1', before: 'A', after: 'B' }]);
    const [code, value] = next.fields();
    expect(code).toEqual({ field: 'OBX-3.1', resources: 31, examples: [{ before: 'A', after: 'B', resources: 31 }] });
    expect(value).toMatchObject({ field: 'OBX-5', resources: 30 });
    expect(value?.examples).toHaveLength(10);
  });

  it('should have bounds whatever comes', () => {
    const tally = new DifferenceTally();
    for (let index = 0; index < 1000; index += 1) {
      tally.add([{ field: `item.${String(index)}`, before: '', after: 'x'.repeat(10_000) }]);
    }
    expect(tally.fields().length).toBeLessThanOrEqual(201);
    expect(JSON.stringify(tally.fields()).length).toBeLessThan(100_000);
  });
});
