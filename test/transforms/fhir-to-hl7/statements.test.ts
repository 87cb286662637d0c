/** What a receiver takes from a message: nothing in it may be false, and no relation may get lost without a word. */
import { z } from 'zod';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { mapFile } from '../../../src/transforms/mapping';
import type { Item } from '../../../src/transforms/model/item';
import type { MapResult } from '../../../src/transforms/model/message';
import { itemsToHl7 } from '../../../src/transforms/fhir-to-hl7';
import { bundleBytes, glucose, PATIENT } from '../fhir-bundle/bundles';
import { carbs, concept, insulin, loinc, measurement, snomed, UCUM } from '../fhir-bundle/clinical-resources';
import { code, reportItem } from './items';
import { testContext, testProfile, type ProfileChanges } from './profile';
import { component, only, segments } from './read-message';

type Json = Readonly<Record<string, unknown>>;

function map(resources: readonly Json[], profile: ProfileChanges = {}, delivered: readonly string[] = []): MapResult {
  const context = testContext({ delivered: new Map(delivered.map((reference) => [reference, 'earlier'])) });
  return mapFile(readBundle(bundleBytes(resources)), testProfile(profile), context);
}

function textOf(...args: Parameters<typeof map>): string {
  return map(...args)
    .messages.map(({ text }) => text)
    .join('');
}

/** Texts of the notes, of all messages. */
function notesIn({ messages }: MapResult): string[] {
  return messages.flatMap(({ text }) => segments(text, 'NTE').map((nte) => component(nte, 3)));
}

describe('a value that is no number', () => {
  const finding = (value: Json, changes: Json = {}): Json =>
    measurement({ code: loinc('5778-6'), valueQuantity: undefined, ...value, ...changes });
  const obxOf = (value: Json, profile: ProfileChanges = {}) => only(textOf([PATIENT, finding(value)], profile), 'OBX');
  const negative = { system: 'http://snomed.info/sct', code: '260385009', display: 'Negative' };

  it.each<[string, Json, string, string]>([
    ['a code', { valueCodeableConcept: { coding: [negative] } }, 'CWE', '260385009^Negative^SCT'],
    [
      'two codes and words',
      { valueCodeableConcept: { coding: [negative, { system: 'urn:x', code: 'n&', display: 'no' }], text: 'none' } },
      'CWE',
      '260385009^Negative^SCT^n\\T\\^no^L^^^none',
    ],
    [
      'a code and words',
      { valueCodeableConcept: { coding: [negative], text: 'none' } },
      'CWE',
      '260385009^Negative^SCT^^^^^^none',
    ],
    ['words', { valueString: 'straw-coloured | clear' }, 'ST', 'straw-coloured \\F\\ clear'],
    ['words of a concept', { valueCodeableConcept: { text: 'clear' } }, 'ST', 'clear'],
    ['lines', { valueString: 'first~\r\nsecond' }, 'TX', 'first\\R\\~second'],
    ['words that are long', { valueString: 'x'.repeat(200) }, 'TX', 'x'.repeat(200)],
  ])('should be %s', (_, value, type, expected) => {
    for (const version of ['2.5.1', 'pcd-01'] as const) {
      const fields = textOf([PATIENT, finding(value)], { version })
        .split('\r')
        .filter((segment) => segment.includes('|5778-6^') || segment.includes('^5778-6^'))
        .map((segment) => segment.split('|'));
      expect(fields.map((obx) => [obx[2], obx[5], obx[6]])).toEqual([[type, expected, '']]);
    }
  });

  it('should be corrected, and taken back with what it was', () => {
    const resources = [PATIENT, finding({ valueString: 'cloudy' }, { status: 'entered-in-error' })];
    const obx = only(textOf(resources, {}, ['Observation/m1']), 'OBX');
    expect([component(obx, 2), component(obx, 5), component(obx, 11)]).toEqual(['ST', 'cloudy', 'D']);
  });

  it('should state codes that there is no room for, and code systems without a name', () => {
    const coding = [negative, { system: 'urn:x', code: 'x' }, { system: 'urn:y', code: 'y', display: 'why' }];
    expect(component(obxOf({ valueCodeableConcept: { coding } }), 5, 4)).toBe('x');
    expect(notesIn(map([PATIENT, finding({ valueCodeableConcept: { coding } })]))).toEqual([
      'Code x in urn:x',
      'Also found, as coded: y (why) in urn:y',
    ]);
  });

  it('should stand in the other forms', () => {
    const resources = [PATIENT, finding({ valueCodeableConcept: { coding: [negative], text: 'none' } })];
    const [json] = map(resources, { form: 'json' }).messages;
    expect(JSON.parse(json?.text ?? '')).toMatchObject({
      items: [{ kind: 'measurement', finding: { codes: [negative], text: 'none' } }],
    });
    const [fhir] = map(resources, { form: 'fhir' }).messages;
    const Transaction = z.object({ entry: z.array(z.object({ resource: z.looseObject({}) })) });
    const last = Transaction.parse(JSON.parse(fhir?.text ?? '')).entry.at(-1)?.resource;
    expect(last).toMatchObject({
      resourceType: 'Observation',
      valueCodeableConcept: { coding: [negative], text: 'none' },
    });
    expect(last).not.toHaveProperty('valueQuantity');
  });
});

const ELSEWHERE = 'What belongs to it and does not stand under it here: ';

describe('what belongs to a reading', () => {
  const reading = glucose({ related: [{ type: 'has-member', target: { reference: 'Observation/carbs1' } }] });
  const meal = carbs();

  it('should stand under it, and need no words', () => {
    expect(notesIn(map([PATIENT, reading, meal]))).toEqual([]);
    expect(notesIn(map([PATIENT, reading, meal], { grouping: 'observation' }))).toEqual([]);
  });

  it.each<[string, readonly Json[], ProfileChanges]>([
    ['in another message', [PATIENT, reading, meal], { maxObservationsPerMessage: 1 }],
    [
      'by itself in another message',
      [PATIENT, reading, meal],
      { maxObservationsPerMessage: 1, grouping: 'observation' },
    ],
    ['not in the file', [PATIENT, reading], {}],
    ['of a kind that the destination does not take', [PATIENT, reading, meal], { kinds: ['glucose'] }],
  ])('should be named when it is %s', (_, resources, profile) => {
    expect(notesIn(map(resources, profile))).toEqual([`${ELSEWHERE}Observation/carbs1`]);
  });

  it('should be named when it is another reading’s already', () => {
    expect(notesIn(map([PATIENT, reading, { ...reading, id: 'bg2' }, meal]))).toEqual([
      `${ELSEWHERE}Observation/carbs1`,
    ]);
  });

  it('should be named when it is insulin that goes as an administration', () => {
    const dose = { type: 'has-member', target: { reference: 'MedicationAdministration/i1' } };
    const result = map([PATIENT, glucose({ related: [dose] }), insulin()], { insulin: 'ras' });
    expect(notesIn(result)).toEqual([`${ELSEWHERE}MedicationAdministration/i1`]);
  });
});

describe('a correction that is not final', () => {
  it('should not replace a final result', () => {
    const text = textOf([PATIENT, glucose({ status: 'preliminary' })], {}, ['Observation/bg1']);
    expect(component(only(text, 'OBX'), 11)).toBe('P');
    expect(component(only(text, 'OBR'), 25)).toBe('P');
  });

  it('should stay a correction where it is final', () => {
    const text = textOf([PATIENT, glucose()], {}, ['Observation/bg1']);
    expect(component(only(text, 'OBX'), 11)).toBe('C');
    expect(component(only(text, 'OBR'), 25)).toBe('C');
  });

  it('should be an update of an administration that is not complete', () => {
    const dose = insulin({ status: 'in-progress' });
    const rxa = only(textOf([PATIENT, dose], { insulin: 'ras' }, ['MedicationAdministration/i1']), 'RXA');
    expect([component(rxa, 20), component(rxa, 21)]).toEqual(['PA', 'U']);
  });

  it('should say in JSON that it is preliminary', () => {
    const text = textOf([PATIENT, glucose({ status: 'preliminary' })], { form: 'json' }, ['Observation/bg1']);
    expect(text).toContain('"status":"correction"');
    expect(text).toContain('"preliminary":true');
    expect(textOf([PATIENT, glucose()], { form: 'json' })).not.toContain('preliminary');
  });
});

describe('a dose that was stopped', () => {
  it('should not be complete', () => {
    const dose = insulin({ status: 'stopped' });
    const rxa = only(textOf([PATIENT, dose], { insulin: 'ras' }), 'RXA');
    expect(component(rxa, 20)).toBe('PA');
    expect(notesIn(map([PATIENT, dose]))).toEqual(['Stopped before all of it was given.']);
  });
});

describe('codes', () => {
  it('should say of which system they are where HL7 has no name for it', () => {
    const own = measurement({
      code: { coding: [{ system: 'urn:oid:2.999.1', code: 'A', display: 'Weight' }, ...codingsOf('29463-7')] },
    });
    const result = map([PATIENT, own]);
    expect(component(only(result.messages[0]?.text ?? '', 'OBX'), 3, 6)).toBe('L');
    expect(notesIn(result)).toEqual(['Code A (Weight) in urn:oid:2.999.1']);
  });

  it('should keep the sender’s own words beside them', () => {
    const coding = [{ system: 'http://snomed.info/sct', code: '411531001', display: 'Short-acting' }];
    const named = insulin({ medicationCodeableConcept: { coding, text: 'NovoRapid FlexPen' } });
    expect(component(only(textOf([PATIENT, named]), 'OBX'), 3, 5)).toBe('NovoRapid FlexPen');
    expect(component(only(textOf([PATIENT, named], { insulin: 'ras' }), 'RXA'), 5, 5)).toBe('NovoRapid FlexPen');
    expect(textOf([PATIENT, named], { form: 'json' })).toContain('"codeText":"NovoRapid FlexPen"');
  });

  it('should keep them in a note where two codes leave no room, and not say them twice', () => {
    const coding = [
      { system: 'http://loinc.org', code: '29463-7', display: 'Body weight' },
      { code: 'KG', display: 'kilos' },
    ];
    const weight = (text: string): Json => measurement({ code: { coding, text } });
    expect(notesIn(map([PATIENT, weight('after lunch')]))).toEqual(['Called by the sender: after lunch']);
    expect(notesIn(map([PATIENT, weight('kilos')]))).toEqual([]);
  });

  it('should be enough by themselves where HL7 has a name, or the sender none', () => {
    const coding = [...codingsOf('29463-7'), { code: 'KG' }];
    expect(notesIn(map([PATIENT, measurement({ code: { coding } })]))).toEqual([]);
  });
});

function codingsOf(value: string): readonly unknown[] {
  const { coding } = loinc(value);
  return Array.isArray(coding) ? coding : [];
}

describe('the kind of a device in PCD-01', () => {
  const device = { identifier: { system: 'urn:oid:2.999', value: 'SENSOR' } };
  const value = { value: 5.5, unit: 'mmol/L', system: UCUM, code: 'mmol/L' };

  it.each([
    ['LOINC’s body fluid, which sensors and laboratories have', loinc('14745-4'), '528384'],
    ['interstitial fluid', loinc('105272-9'), '528409'],
    ['interstitial fluid by SNOMED CT', snomed('434910001'), '528409'],
    ['capillary blood', loinc('14743-9'), '528401'],
    ['capillary plasma', concept('urn:iso:std:iso:11073:10101', '160188'), '528401'],
  ])('should follow from %s', (_, sent, kind) => {
    const resources = [PATIENT, glucose({ code: sent, meta: undefined, valueQuantity: value, device })];
    const [mds] = segments(textOf(resources, { version: 'pcd-01' }), 'OBX');
    expect(mds === undefined ? '' : component(mds, 3)).toBe(kind);
  });
});

describe('PID', () => {
  const typed = (use: string | undefined, type: string, system: string, value: string): Json => ({
    ...(use === undefined ? {} : { use }),
    type: concept('http://hl7.org/fhir/v2/0203', type),
    system,
    value,
  });
  const insured = typed('official', 'SS', 'urn:oid:2.999.8', '123');
  const record = typed('usual', 'MR', 'urn:oid:2.999.9', 'M-1');

  it('should have the medical record number, whatever else is official', () => {
    const pid = only(textOf([{ ...PATIENT, identifier: [insured, record] }, glucose()]), 'PID');
    expect([component(pid, 3), component(pid, 3, 5)]).toEqual(['M-1', 'MR']);
  });

  it('should call a number what its sender calls it', () => {
    const pid = only(textOf([{ ...PATIENT, identifier: [insured] }, glucose()]), 'PID');
    expect([component(pid, 3), component(pid, 3, 5)]).toEqual(['123', 'SS']);
  });

  it('should call it what the hospital does where that names the authority', () => {
    const profile = { patientAssigningAuthority: 'HIS', patientIdentifierType: 'PI' };
    const pid = only(textOf([{ ...PATIENT, identifier: [record] }, glucose()], profile), 'PID');
    expect([component(pid, 3, 4), component(pid, 3, 5)]).toEqual(['HIS', 'PI']);
  });

  it('should not find a number of a type that is none', () => {
    const identifier = [{ ...insured, type: 'SS' }];
    expect(component(only(textOf([{ ...PATIENT, identifier }, glucose()]), 'PID'), 3, 5)).toBe('MR');
  });

  it('should have the name of today rather than the maiden name', () => {
    const name = [{ use: 'maiden', family: 'Before' }, { family: 'Today' }];
    expect(component(only(textOf([{ ...PATIENT, name }, glucose()]), 'PID'), 5)).toBe('Today');
  });
});

describe('a time that cannot be read', () => {
  it('should be missed when it is the end', () => {
    const effectivePeriod = { start: '2024-03-01T08:00:00Z', end: '2024-02-30T09:00:00Z' };
    const time = { effectiveDateTime: undefined, effectivePeriod };
    expect(map([PATIENT, insulin(time)]).unread).toEqual({ 'MedicationAdministration.effectivePeriod.end': 1 });
    expect(map([PATIENT, glucose(time)]).unread).toEqual({ 'Observation.effectivePeriod.end': 1 });
  });

  it('should not be replaced by the end when it is the start', () => {
    const effectivePeriod = { start: '2024-02-30T08:00:00Z', end: '2024-03-01T09:00:00Z' };
    const { messages, unmapped } = map([PATIENT, glucose({ effectiveDateTime: undefined, effectivePeriod })]);
    expect(messages).toEqual([]);
    expect(unmapped.map(({ why }) => why)).toEqual(['no effective time, or one that is not a date']);
  });
});

describe('a version that has no mapping', () => {
  const unreadable = glucose({ valueQuantity: { value: 5, unit: 'drops' } });
  const why = 'the unit is not mg/dL or mmol/L, or code and unit differ';

  it('should say that the destination keeps the one before it', () => {
    expect(map([PATIENT, unreadable], {}, ['Observation/bg1']).unmapped.map((each) => each.why)).toEqual([
      `${why}; the destination keeps the earlier version that it has`,
    ]);
  });

  it('should say nothing of the kind when there is none, or it is carried', () => {
    expect(map([PATIENT, unreadable]).unmapped.map((each) => each.why)).toEqual([why]);
    expect(map([PATIENT, unreadable], { unmapped: 'carry' }, ['Observation/bg1']).unmapped[0]?.why).toBe(why);
  });
});

describe('the document that a later version replaces', () => {
  const id = { root: '2.999.7', extension: '2' };
  const set = { root: '2.999.7', extension: 'set' };
  const parentOf = (report: Parameters<typeof reportItem>[0]): string => {
    const item: Item = { ...reportItem(report, { reference: 'ClinicalDocument/x' }), status: 'C' };
    const [message] = itemsToHl7([item], testProfile().hl7, 'Europe/Berlin', testContext());
    return component(only(message?.text ?? '', 'TXA'), 13);
  };

  it('should be itself when it is the same document again', () => {
    expect(parentOf({ id, type: code('11502-2') })).toBe('2');
    expect(parentOf({ id, set, versionNumber: '1', type: code('11502-2') })).toBe('2');
  });

  it('should be the one that it names', () => {
    const replaces = { root: '2.999.7', extension: '1' };
    expect(parentOf({ id, set, replaces, versionNumber: '2', type: code('11502-2') })).toBe('1');
  });

  it('should not be itself when it never was sent', () => {
    expect(parentOf({ id, set, versionNumber: '2', type: code('11502-2') })).toBe('');
  });
});
