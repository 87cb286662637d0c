/** The value of an Observation that is no quantity: codes, or words. */
import type { Finding } from '../model/reading';
import { codesOf, LOINC, SNOMED, textBeside } from './codes';
import { isConcept } from './guards';
import { isText } from './lossless-json';
import type { ObservationValue } from './known-elements';

type Json = Readonly<Record<string, unknown>>;

export interface FoundValue {
  readonly finding: Finding;
  readonly element: Exclude<ObservationValue, 'valueQuantity'>;
}

/**
 * A coded or written value of an Observation whose code is one of LOINC or SNOMED CT: what it answers is known everywhere.
 * Under a code of the sender's own, only the sender knows.
 * @returns undefined when it has none, or one that says nothing
 */
export function readFinding(raw: Json): FoundValue | undefined {
  const { valueCodeableConcept: concept, valueString: text } = raw;
  if (concept === undefined && text === undefined) return undefined;
  const { code } = raw;
  const isPublic = isConcept(code) && codesOf(code).some(({ system }) => system === LOINC || system === SNOMED);
  if (!isPublic) return undefined;
  if (isConcept(concept)) {
    const codes = codesOf(concept);
    const words = textBeside(concept, codes);
    if (codes.length > 0) {
      const finding: Finding = { kind: 'codes', codes, ...(words === undefined ? {} : { words }) };
      return { finding, element: 'valueCodeableConcept' };
    }
    if (words !== undefined && words.trim() !== '') {
      return { finding: { kind: 'text', text: words }, element: 'valueCodeableConcept' };
    }
    return undefined;
  }
  return isText(text) && text.trim() !== '' ? { finding: { kind: 'text', text }, element: 'valueString' } : undefined;
}
