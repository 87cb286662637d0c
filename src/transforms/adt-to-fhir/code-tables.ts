/** Tables of HL7 v2 as codes of FHIR: concept maps of the v2-to-FHIR guide 1.0.0 unless a line says more. */

/** Table 0001 (sex) → administrative-gender. X came with v2.9 (non-binary). */
export const GENDER: ReadonlyMap<string, string> = new Map([
  ['F', 'female'],
  ['M', 'male'],
  ['O', 'other'],
  ['A', 'other'],
  ['N', 'other'],
  ['X', 'other'],
  ['U', 'unknown'],
]);

/** Table 0002 (marital status) → v3 MaritalStatus as STU3 has it, where C (common law) is missing. */
export const MARITAL_STATUS: ReadonlyMap<string, { readonly code: string; readonly display: string }> = new Map([
  ['A', { code: 'L', display: 'Legally Separated' }],
  ['B', { code: 'U', display: 'unmarried' }],
  ['D', { code: 'D', display: 'Divorced' }],
  ['E', { code: 'L', display: 'Legally Separated' }],
  ['G', { code: 'T', display: 'Domestic partner' }],
  ['I', { code: 'I', display: 'Interlocutory' }],
  ['M', { code: 'M', display: 'Married' }],
  ['N', { code: 'A', display: 'Annulled' }],
  ['P', { code: 'T', display: 'Domestic partner' }],
  ['R', { code: 'T', display: 'Domestic partner' }],
  ['S', { code: 'S', display: 'Never Married' }],
  ['W', { code: 'W', display: 'Widowed' }],
]);

/** Table 0200 (name type) → name-use. B (birth name) has none in the guide; `maiden` is what FHIR calls it. */
export const NAME_USE: ReadonlyMap<string, string> = new Map([
  ['L', 'official'],
  ['R', 'official'],
  ['D', 'usual'],
  ['N', 'nickname'],
  ['M', 'maiden'],
  ['B', 'maiden'],
  ['MSK', 'anonymous'],
  ['NAV', 'temp'],
  ['TEMP', 'temp'],
  ['BAD', 'old'],
  ['NOUSE', 'old'],
]);

/** Table 0200: names that are another person's, a business's or a pseudonym. */
export const NO_NAME_OF_THE_PATIENT: ReadonlySet<string> = new Set(['F', 'K', 'P', 'S']);

/** Table 0190 (address type) → address-use. H, O and the others as in the guide; P (permanent) is where one lives. */
export const ADDRESS_USE: ReadonlyMap<string, string> = new Map([
  ['H', 'home'],
  ['P', 'home'],
  ['B', 'work'],
  ['O', 'work'],
  ['C', 'temp'],
  ['V', 'temp'],
  ['BA', 'old'],
]);

/** Table 0190 → address-type. */
export const ADDRESS_TYPE: ReadonlyMap<string, string> = new Map([
  ['M', 'postal'],
  ['SH', 'postal'],
]);

/** Table 0190: where somebody was born or comes from, a service location, a pneumatic tube: nobody is found there. */
export const NO_ADDRESS_OF_THE_PATIENT: ReadonlySet<string> = new Set(['N', 'BDL', 'BR', 'F', 'S', 'TM']);

/** Table 0201 (telecommunication use) → contact-point-use. VHN (vacation home) has none in the guide. */
export const TELECOM_USE: ReadonlyMap<string, string> = new Map([
  ['PRN', 'home'],
  ['ORN', 'home'],
  ['WPN', 'work'],
  ['VHN', 'temp'],
  ['PRS', 'mobile'],
]);

/** Table 0202 (equipment) → contact-point-system. */
export const TELECOM_SYSTEM: ReadonlyMap<string, string> = new Map([
  ['PH', 'phone'],
  ['CP', 'phone'],
  ['FX', 'fax'],
  ['BP', 'pager'],
  ['INTERNET', 'email'],
  ['X.400', 'email'],
  ['MD', 'other'],
  ['SAT', 'other'],
  ['TDD', 'other'],
  ['TTY', 'other'],
]);
