/** Which LOINC code a glucose reading gets that came without one: never one that says more, or something else, than was sent. */
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { bundleBytes, glucose, PATIENT } from './bundles';
import { concept, snomed, UCUM } from './clinical-resources';

const MDC = 'urn:iso:std:iso:11073:10101';
const MMOL = { value: 5.8, unit: 'mmol/L', system: UCUM, code: 'mmol/L' };

function codesOf(changes: Readonly<Record<string, unknown>>): string[] {
  const [, observation] = readBundle(bundleBytes([PATIENT, glucose({ meta: undefined, ...changes })])).resources;
  if (observation?.mapping.kind !== 'reading') throw new Error('no reading');
  return observation.mapping.reading.codes.map(({ code }) => code);
}

describe('a glucose reading without a LOINC code', () => {
  it.each([
    ['typed in', snomed('362943005'), '2339-0', '15074-8'],
    ['of interstitial fluid (SNOMED CT)', snomed('434910001'), '99504-3', '105272-9'],
    ['of interstitial fluid (MDC)', concept(MDC, '160212'), '99504-3', '105272-9'],
    ['of capillary blood', concept(MDC, '160184'), '32016-8', '51596-5'],
  ])('should be named for what it is: %s', (_, code, mass, moles) => {
    const sent = code['coding'] instanceof Array ? code['coding'].length : 0;
    expect(codesOf({ code })).toHaveLength(sent + 1);
    expect(codesOf({ code })[0]).toBe(mass);
    expect(codesOf({ code, valueQuantity: MMOL })[0]).toBe(moles);
  });

  it('should keep its own code alone where LOINC has none for the specimen', () => {
    expect(codesOf({ code: concept(MDC, '160188') })).toEqual(['160188']);
  });

  it('should be blood glucose where only the profile says what it is', () => {
    const meta = { profile: ['http://roche.com/fhir/rdc/StructureDefinition/bg-observation'] };
    expect(codesOf({ code: snomed('33747003'), meta })).toEqual(['2339-0', '33747003']);
  });

  it('should be known by each code of a pair', () => {
    expect(codesOf({ code: concept('http://loinc.org', '51596-5'), valueQuantity: MMOL })).toEqual(['51596-5']);
  });
});
