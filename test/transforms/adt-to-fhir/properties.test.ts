import fc from 'fast-check';
import { readAdt, readFhir, toRocheBundle } from '../../../src/transforms/adt-to-fhir';
import { CONTEXT, message, taken } from './read';
import { anyMessage, anySample, type Said } from './samples';
import { testSettings } from './settings';

const settings = testSettings();
const SNOMED: Readonly<Record<string, string>> = {
  'E10.9': '46635009',
  'E11.65': '44054006',
  E13: '73211009',
  'O24.4': '11687002',
  'E14.90': '73211009',
};
const GENDER: Readonly<Record<string, string>> = {
  F: 'female',
  M: 'male',
  O: 'other',
  A: 'other',
  N: 'other',
  U: 'unknown',
};

describe('any message of a HIS', () => {
  it('should arrive with every name, number, place and date that it says', () => {
    fc.assert(
      fc.property(anySample, ({ text, said }) => {
        const [patient, ...conditions] = mapped(text);

        expect(patient).toMatchObject({
          identifier: [{ value: said.number }],
          name: said.names.map(({ family, given }) => ({ family, given: [given] })),
        });
        expect(patient?.['birthDate']).toBe(said.birthDate);
        expect(patient?.['gender']).toBe(said.sex === undefined ? undefined : GENDER[said.sex]);
        expect(patient?.['address']).toEqual(said.city === undefined ? undefined : [{ city: said.city }]);
        expect(patient?.['telecom']).toEqual(telecomOf(said));
        const snomed = SNOMED[said.diagnosis ?? ''];
        expect(conditions.map(({ code }) => code)).toEqual(
          snomed === undefined
            ? []
            : [expect.objectContaining({ coding: [expect.objectContaining({ code: snomed })] })],
        );
      }),
    );
  });

  it('should keep nothing of other fields', () => {
    fc.assert(
      fc.property(anySample, ({ text }) => {
        expect(JSON.stringify(taken(text).content)).not.toMatch(/999-99-9999|RACE|ZZZ|anything/);
      }),
    );
  });

  it('should be refused or taken, and what is taken can be mapped, and read again as the same', () => {
    fc.assert(
      fc.property(anyMessage, (text) => {
        const reading = readAdt(text, settings);
        if (!reading.ok) {
          expect(reading.refusal.errorCode).toMatch(/^\d{3}$/);
          return;
        }
        const { content } = reading.change;
        expect(readAdt(content.form === 'hl7' ? content.text : '', settings)).toMatchObject({
          ok: true,
          change: reading.change,
        });
        const bytes = JSON.stringify(toRocheBundle([content], settings, CONTEXT));
        expect(JSON.stringify(toRocheBundle([content], settings, CONTEXT))).toBe(bytes);
        expect(bytes).not.toMatch(/[\u0000-\u001f]|\\u00[01]|:""|\[\]|\{\}/);
      }),
    );
  });

  it('should never throw for any text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((rest) => `MSH|^~\\&|${rest}`),
    );
    fc.assert(
      fc.property(text, (any) => {
        expect(typeof readAdt(any, settings).ok).toBe('boolean');
      }),
    );
  });

  it('should have no value of its own in a refusal', () => {
    const secret = 'Zqxjkv';
    const wrong: readonly Parameters<typeof message>[0][] = [
      { pid: { 3: `${secret}^^^${secret}^AN` } },
      { pid: { 3: secret.repeat(20) } },
      { pid: { 5: secret } },
      { pid: { 7: secret } },
      { pid: { 8: secret } },
      { pid: { 29: secret } },
      { evn: { 2: secret } },
      { msh: { 7: secret } },
      { msh: { 9: `ADT^${secret}` } },
      { msh: { 9: secret } },
      { msh: { 11: secret } },
      { msh: { 12: secret } },
      { msh: { 9: 'ADT^A40' }, more: [`MRG|${secret}^^^^AN`] },
      { msh: { 9: 'ADT^A40' }, more: [`MRG|${secret}^^^^MR~${secret}2^^^^MR`] },
    ];

    for (const parts of wrong) {
      const reading = readAdt(message(parts), settings);
      expect(reading.ok).toBe(false);
      const { control, ...rest } = reading.ok ? { control: undefined } : reading.refusal;
      expect(control).toBeDefined();
      expect(JSON.stringify(rest)).not.toContain(secret);
    }
  });
});

describe('any JSON at the FHIR door', () => {
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom('Patient', 'Bundle', 'Condition', '1984-03-01', null),
  );
  const element = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          'resourceType',
          'entry',
          'resource',
          'identifier',
          'value',
          'system',
          'name',
          'family',
          'given',
          'telecom',
          'code',
          'coding',
          'subject',
          'reference',
          'id',
        ),
        tie('value'),
      ),
    ),
  })).value;

  it('should be refused or taken', () => {
    fc.assert(
      fc.property(
        element,
        fc.constantFrom('Patient', 'Bundle'),
        fc.constantFrom('R4' as const, 'STU3' as const),
        (value, resourceType, version) => {
          const object =
            typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value, resourceType } : value;
          for (const any of [value, object]) {
            const reading = readFhir(any, version, settings);
            if (!reading.ok) expect(reading.refusal.issues.length).toBeGreaterThan(0);
            else expect(toRocheBundle([reading.change.content], settings, CONTEXT).bundle.type).toBe('message');
          }
        },
      ),
    );
  });

  it('should have no value of its own in a refusal', () => {
    const secret = 'Zqxjkv';
    const texts = fc.constantFrom(
      'gender',
      'birthDate',
      'deceasedDateTime',
      'name',
      'telecom',
      'identifier',
      'address',
      'active',
    );
    fc.assert(
      fc.property(
        texts,
        fc.constantFrom(secret, [secret], { [secret]: secret }, [{ use: secret, system: secret }]),
        (name, value) => {
          const reading = readFhir({ resourceType: 'Patient', [name]: value }, 'R4', settings);
          expect(JSON.stringify(reading)).not.toContain(secret);
          expect(reading.ok).toBe(false);
        },
      ),
    );
  });
});

function mapped(text: string) {
  const { bundle } = toRocheBundle([taken(text).content], settings, CONTEXT);
  return bundle.entry.slice(1).map(({ resource }) => resource);
}

function telecomOf({ phones }: Said): unknown {
  return phones.length === 0 ? undefined : phones.map((value) => ({ system: 'phone', value, use: 'home' }));
}
