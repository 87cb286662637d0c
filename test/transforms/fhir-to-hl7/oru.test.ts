/** Which resources go into which message, and what is said about the rest. */
import { DuctusError } from '../../../src/domain/errors';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { mapFile } from '../../../src/transforms/mapping';
import type { MapContext } from '../../../src/transforms/model/message';
import { bundleBytes, glucose, PATIENT } from '../fhir-bundle/bundles';
import { testContext, testProfile, type ProfileChanges } from './profile';
import { component, only, segments } from './read-message';

interface Options {
  readonly profile?: ProfileChanges;
  readonly context?: Partial<MapContext>;
}

function transform(resources: Record<string, unknown>[], { profile, context }: Options = {}) {
  return mapFile(readBundle(bundleBytes(resources)), testProfile(profile), testContext(context));
}

/** Without a code of medication, so without a mapping. */
const medication = {
  resourceType: 'MedicationAdministration',
  id: 'i1',
  status: 'completed',
  subject: { reference: 'Patient/p1' },
};
const earlier = (...references: string[]): Options => ({
  context: { delivered: new Map(references.map((reference) => [reference, 'earlier'])) },
});

describe('mapFile', () => {
  it('should make no message of a bundle without observations', () => {
    expect(transform([PATIENT])).toEqual({ messages: [], leftOut: [], unmapped: [], unread: {}, kinds: {} });
  });

  it('should split by patient and by number, and name what is in each message', () => {
    const other = { ...PATIENT, id: 'p2', identifier: [{ value: '2' }] };
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const result = transform(
      [
        PATIENT,
        other,
        ...ids.map((id) => glucose({ id, subject: { reference: id === 'd' ? 'Patient/p2' : 'Patient/p1' } })),
      ],
      { profile: { maxObservationsPerMessage: 3 } },
    );
    expect(result.messages.map(({ references, patient }) => [patient, ...references])).toEqual([
      ['urn:oid:1.3.6.1.4.1.56221.2.2|4711', 'Observation/a', 'Observation/b', 'Observation/c'],
      ['urn:oid:1.3.6.1.4.1.56221.2.2|4711', 'Observation/e'],
      ['|2', 'Observation/d'],
    ]);
    expect(result.kinds).toEqual({ glucose: 5 });
    for (const { controlId, text } of result.messages) expect(component(only(text, 'MSH'), 10)).toBe(controlId);
  });

  it('should keep the control id of a message when other messages change', () => {
    const profile = { maxObservationsPerMessage: 1 };
    const before = transform([PATIENT, glucose({ id: 'a' }), glucose({ id: 'b' })], { profile });
    const after = transform([PATIENT, glucose({ id: 'a' }), glucose({ id: 'b', comment: 'new' })], { profile });
    expect(after.messages[0]).toEqual(before.messages[0]);
    expect(after.messages[1]?.controlId).not.toBe(before.messages[1]?.controlId);
  });

  it('should leave out what the EMR has, and say why', () => {
    const { messages, leftOut } = transform(
      [
        PATIENT,
        glucose({ id: 'current' }),
        glucose({ id: 'newer' }),
        glucose({ id: 'never', status: 'cancelled' }),
        glucose({ id: 'skip' }),
        glucose({ id: 'new' }),
        glucose({ id: 'new' }),
      ],
      {
        context: {
          delivered: new Map([
            ['Observation/current', 'current'],
            ['Observation/newer', 'newer'],
          ]),
          leaveOut: new Set(['Observation/skip']),
        },
      },
    );
    expect(messages.map(({ references }) => references)).toEqual([['Observation/new']]);
    expect(leftOut).toEqual([
      { reference: 'Observation/new', why: 'superseded' },
      { reference: 'Observation/current', why: 'current' },
      { reference: 'Observation/newer', why: 'superseded' },
      { reference: 'Observation/never', why: 'never-sent' },
      { reference: 'Observation/skip', why: 'operator' },
    ]);
  });

  it.each([
    ['final', undefined, 'F', 'F'],
    ['corrected', undefined, 'F', 'F'],
    ['preliminary', undefined, 'P', 'P'],
    ['final', 'earlier', 'C', 'C'],
    ['amended', 'earlier', 'C', 'C'],
    ['cancelled', 'earlier', 'D', 'C'],
    ['entered-in-error', 'earlier', 'D', 'C'],
  ])('should send status %s with %s in the EMR as %s under %s', (status, state, obx, obr) => {
    const options = state === undefined ? {} : earlier('Observation/bg1');
    const text = transform([PATIENT, glucose({ status })], options).messages[0]?.text ?? '';
    expect([component(only(text, 'OBX'), 11), component(only(text, 'OBR'), 25)]).toEqual([obx, obr]);
  });

  it('should give a correction the instance identifier of the original, and its filler number when each has its own', () => {
    const first = transform([PATIENT, glucose()], { profile: { grouping: 'observation' } }).messages[0]?.text ?? '';
    const correction = { ...earlier('Observation/bg1'), profile: { grouping: 'observation' } as const };
    const second = transform([PATIENT, glucose({ comment: 'moved' })], correction).messages[0]?.text ?? '';
    for (const [name, field] of [
      ['OBX', 21],
      ['OBR', 3],
    ] as const) {
      expect(component(only(second, name), field)).toBe('bg1');
      expect(component(only(first, name), field)).toBe('bg1');
    }
  });

  it('should never reuse the filler number of a panel', () => {
    const seen = ['one', 'two'].map(
      (seed) => transform([PATIENT, glucose()], { context: { seed } }).messages[0]?.text ?? '',
    );
    expect(new Set(seen.map((text) => component(only(text, 'OBR'), 3))).size).toBe(2);
  });

  it('should give the patient details where any reference leads to them', () => {
    const text = transform([
      PATIENT,
      glucose({ id: 'a', subject: { identifier: PATIENT.identifier[0] } }),
      glucose({ id: 'b' }),
    ]).messages.map((message) => message.text);
    expect(text.length).toBe(1);
    expect(component(only(text[0] ?? '', 'PID'), 5)).toBe('Muster');
  });
});

describe('resources without a mapping', () => {
  it('should be reported', () => {
    const { messages, unmapped } = transform([PATIENT, glucose(), medication]);
    expect(messages.length).toBe(1);
    expect(unmapped).toEqual([
      {
        reference: 'MedicationAdministration/i1',
        type: 'MedicationAdministration',
        why: 'a MedicationAdministration of something else than insulin',
      },
    ]);
  });

  it('should stop the file when the destination parks them, with types and counts and nothing else', () => {
    const bundle = [PATIENT, glucose(), medication, { ...medication, id: 'i2' }, { resourceType: 'Basic', id: 'b' }];
    let error: unknown;
    try {
      transform(bundle, { profile: { unmapped: 'park' } });
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof DuctusError)) throw new Error('it went through');
    expect(error.code).toBe('DUCTUS_BUNDLE_UNMAPPED');
    expect(error.details).toEqual({ MedicationAdministration: 2, Basic: 1 });
    const leaveOut = new Set(['MedicationAdministration/i1', 'MedicationAdministration/i2', 'Basic/b']);
    const { messages, leftOut } = transform(bundle, { profile: { unmapped: 'park' }, context: { leaveOut } });
    expect([messages.length, leftOut.length]).toEqual([1, 3]);
  });

  it('should be carried as they came, digit for digit, and corrected and deleted like others', () => {
    const profile = { unmapped: 'carry' } as const;
    const first = transform([PATIENT, { ...medication, dosage: { dose: { value: 'NUMBER(4.50)' } } }], { profile });
    expect(first.unmapped.length).toBe(1);
    expect(first.messages[0]?.references).toEqual(['MedicationAdministration/i1']);
    const obx = only(first.messages[0]?.text ?? '', 'OBX');
    expect([2, 3, 4].map((position) => component(obx, 5, position))).toEqual(['AP', 'x-fhir+json', 'Base64']);
    const json = Buffer.from(component(obx, 5, 5), 'base64').toString('utf8');
    expect(json).toContain('"value":4.50}');
    expect(component(obx, 21)).toBe('MedicationAdministration/i1');
    const state = { profile, ...earlier('MedicationAdministration/i1') };
    const statusOf = (text = '') => component(only(text, 'OBX'), 11);
    expect(statusOf(transform([PATIENT, medication], state).messages[0]?.text)).toBe('C');
    expect(statusOf(transform([PATIENT, { ...medication, status: 'entered-in-error' }], state).messages[0]?.text)).toBe(
      'D',
    );
    expect(transform([PATIENT, { ...medication, status: 'entered-in-error' }], { profile }).leftOut).toEqual([
      { reference: 'MedicationAdministration/i1', why: 'never-sent' },
    ]);
  });

  it('should be carried only where it is clear whom they belong to', () => {
    const profile = { unmapped: 'carry' } as const;
    const setting = { resourceType: 'Basic', id: 'setting' };
    expect(transform([PATIENT, setting], { profile }).messages.length).toBe(1);
    const two = transform([PATIENT, { ...PATIENT, id: 'p2', identifier: [{ value: '2' }] }, setting], { profile });
    expect([two.messages.length, two.unmapped.length]).toEqual([0, 1]);
  });

  it('should not be counted as observations', () => {
    const { kinds, messages } = transform([PATIENT, glucose(), medication], { profile: { unmapped: 'carry' } });
    expect(kinds).toEqual({ glucose: 1, carried: 1 });
    expect(segments(messages[0]?.text ?? '', 'OBX').length).toBe(2);
  });
});
