/** Codes in HL7 v2: what FHIR code systems are called there (table 0396), and which code is the same in MDC. */
import type { Code } from '../model/reading';

/** One triplet of a CE field. */
export interface V2Code {
  readonly code: string;
  readonly text: string;
  readonly system: string;
}

/** A code of the model as a triplet. */
export function toV2({ system, code, display }: Code): V2Code {
  return { code, text: display ?? '', system: systemName(system) };
}

/** Table 0396 has `99` and letters for local systems; Roche's own gets one, unknown ones are just local. */
export function systemName(system: string | undefined): string {
  switch (system) {
    case 'http://loinc.org':
      return 'LN';
    case 'http://snomed.info/sct':
      return 'SCT';
    case 'urn:iso:std:iso:11073:10101':
      return 'MDC';
    case 'http://roche.com/fhir/rdc/cs':
      return '99RDC';
    default:
      // A code map may name the table's own codes, as in `LN` or `99LAB`.
      return /^[A-Z0-9]{1,12}$/.test(system ?? '') ? (system ?? 'L') : 'L';
  }
}

/** False for a code of a system that has no name here: `L` alone says only that it is no system of HL7's list. */
export function isNamed({ system }: Code): boolean {
  return system === undefined || system === '' || system === 'L' || systemName(system) !== 'L';
}

const MDC = 'urn:iso:std:iso:11073:10101';

function mdc(code: string, display: string): Code {
  return { system: MDC, code, display };
}

/**
 * The same statement in ISO/IEEE 11073-10101 and -10417 (numbers: SPECS §6.2). Where MDC says more than the code that was
 * sent (interstitial fluid for LOINC's body fluid), there is none.
 */
const MDC_OF: ReadonlyMap<string, Code> = new Map(
  [
    {
      to: mdc('160184', 'MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD'),
      loinc: ['41653-7', '14743-9', '32016-8', '51596-5'],
      snomed: [],
    },
    { to: mdc('160212', 'MDC_CONC_GLU_ISF'), loinc: ['99504-3', '105272-9'], snomed: ['434910001'] },
    { to: mdc('8417764', 'MDC_CTXT_GLU_CARB'), loinc: ['9059-7', '9060-5'], snomed: [] },
    { to: mdc('8417804', 'MDC_CTXT_MEDICATION_SHORTACTING'), loinc: [], snomed: ['411531001'] },
    { to: mdc('8417812', 'MDC_CTXT_MEDICATION_LONGACTING'), loinc: [], snomed: ['25305005'] },
    { to: mdc('8417796', 'MDC_CTXT_MEDICATION'), loinc: [], snomed: ['67866001'] },
  ].flatMap(({ to, loinc, snomed }) => [
    ...loinc.map((code) => [`http://loinc.org|${code}`, to] as const),
    ...snomed.map((code) => [`http://snomed.info/sct|${code}`, to] as const),
  ]),
);

/** MDC first where there is such a code, then the sender's own: what PCD-01 wants in OBX-3. */
export function mdcFirst(codes: readonly Code[]): readonly Code[] {
  const sent = codes.find(({ system }) => system === MDC);
  if (sent !== undefined) return sent === codes[0] ? codes : [sent, ...codes.filter((code) => code !== sent)];
  for (const { system, code } of codes) {
    const same = MDC_OF.get(`${system}|${code}`);
    if (same !== undefined) return [same, ...codes];
  }
  return codes;
}

/** Local codes of Ductus, for what no public code system says. */
export const DUCTUS_CODES = '99DUC';

/** Abnormal flags of table 0078 (v2.5.1): FHIR's value set observation-interpretation was made of it. */
const FLAGS: ReadonlySet<string> = new Set('L H LL HH < > N A AA U D B W S R I MS VS'.split(' '));

const FLAG_SYSTEMS: ReadonlySet<string | undefined> = new Set([
  'http://hl7.org/fhir/v2/0078',
  'http://terminology.hl7.org/CodeSystem/v2-0078',
  'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation',
  'http://hl7.org/fhir/v3/ObservationInterpretation',
  undefined,
]);

/** True when OBX-8 has this very code; others are stated in a note. */
export function isFlag({ system, code }: Code): boolean {
  return FLAG_SYSTEMS.has(system) && FLAGS.has(code);
}
