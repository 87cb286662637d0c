import { select } from '../../../src/transforms/selection/select';
import type { CodeMapping } from '../../../src/transforms/model/profile';
import { testContext, testProfile } from '../fhir-to-hl7/profile';
import { device, file, LOINC, METER, reading, readingOf, resource } from './contents';

const TO = { system: '99LAB', code: 'GLU', display: 'Glucose POC' };
const FROM = { system: LOINC, code: '41653-7' };

function codesWith(codeMappings: readonly CodeMapping[], codes = [METER], unit = 'mg/dL') {
  const content = file(resource('Observation/1', reading('2024-03-01T12:00:00Z', { codes, unit })));
  const { items } = select(content, testProfile({ codeMappings }).selection, testContext());
  return readingOf(items[0]).codes;
}

describe('code maps', () => {
  it('should put the mapped code first and keep the sender’s', () => {
    expect(codesWith([{ from: FROM, to: TO }])).toEqual([TO, METER]);
    expect(codesWith([])).toEqual([METER]);
  });

  it('should match system and code exactly', () => {
    expect(codesWith([{ from: { ...FROM, system: 'http://loinc.org/' }, to: TO }])).toEqual([METER]);
    expect(codesWith([{ from: { ...FROM, code: '41653' }, to: TO }])).toEqual([METER]);
    expect(codesWith([{ from: { system: LOINC, code: 'constructor' }, to: TO }])).toEqual([METER]);
  });

  it('should take a row for the unit before one for any unit, and none for another unit', () => {
    const other = { ...TO, code: 'GLU-MOL' };
    const rows = [
      { from: FROM, unit: 'mmol/L', to: other },
      { from: FROM, to: TO },
    ];
    expect(codesWith(rows, [METER], 'mmol/L')[0]).toBe(other);
    expect(codesWith(rows)[0]).toBe(TO);
    expect(codesWith(rows.slice(0, 1))).toEqual([METER]);
  });

  it('should find a row for a further code, and name no code twice', () => {
    const local = { system: 'urn:x', code: 'BG', display: undefined };
    expect(codesWith([{ from: { system: 'urn:x', code: 'BG' }, to: METER }], [local, METER])).toEqual([METER, local]);
  });

  it('should apply after the unit was changed', () => {
    const content = file(resource('Observation/1', reading('2024-03-01T12:00:00Z')));
    const codeMappings = [{ from: { system: LOINC, code: '14743-9' }, unit: 'mmol/L', to: TO }];
    const { items } = select(content, testProfile({ codeMappings, glucoseUnit: 'mmol/L' }).selection, testContext());
    expect(readingOf(items[0]).codes.map(({ code }) => code)).toEqual(['GLU', '14743-9', '41653-7']);
  });

  it('should apply to the types of devices, what they measure, and reports', () => {
    const metrics = [{ type: [METER], unit: 'mg/dL', path: 'x' }];
    const content = file(
      resource('Device/1', device('meter', { type: [METER], metrics })),
      resource('ClinicalDocument/1', {
        kind: 'report',
        report: {
          id: { root: '1.2', extension: undefined },
          set: undefined,
          versionNumber: undefined,
          replaces: undefined,
          type: METER,
          title: undefined,
          time: undefined,
          confidentiality: undefined,
          language: undefined,
          authors: [],
          organization: undefined,
          bytes: new Uint8Array(),
        },
      }),
    );
    const { items } = select(content, testProfile({ codeMappings: [{ from: FROM, to: TO }] }).selection, testContext());
    expect(items.map((item) => item.content)).toEqual([
      expect.objectContaining({
        device: expect.objectContaining({ type: [TO, METER], metrics: [{ ...metrics[0], type: [TO, METER] }] }),
      }),
      expect.objectContaining({ report: expect.objectContaining({ type: TO, otherTypes: [METER] }) }),
    ]);
  });
});
