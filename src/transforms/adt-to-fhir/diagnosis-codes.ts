/**
 * Which kind of diabetes a code of a diagnosis means, as SNOMED codes. Type 1 is what Roche's guide shows and type 2 what
 * SPECS §1.2 assumes beside it; for the others see the ICD chapters (E10–E14, O24, P70.2; 249, 250, 648.0, 648.8).
 */
import { coarse } from './diagnosis-systems';

/** The kinds, with SNOMED's preferred words. */
export const DIABETES: ReadonlyMap<string, string> = new Map([
  ['46635009', 'Diabetes mellitus type 1'],
  ['44054006', 'Diabetes mellitus type 2'],
  ['73211009', 'Diabetes mellitus'],
  ['11687002', 'Gestational diabetes mellitus'],
  ['8801005', 'Secondary diabetes mellitus'],
  ['5368009', 'Drug-induced diabetes mellitus'],
  ['75524006', 'Malnutrition related diabetes mellitus'],
  ['426875007', 'Latent autoimmune diabetes mellitus in adult'],
  ['609561005', 'Maturity-onset diabetes of the young'],
  ['49817004', 'Neonatal diabetes mellitus'],
]);

const [TYPE_1, TYPE_2, DIABETES_MELLITUS, GESTATIONAL, SECONDARY, DRUG_INDUCED, MALNUTRITION] = [
  '46635009',
  '44054006',
  '73211009',
  '11687002',
  '8801005',
  '5368009',
  '75524006',
];

/** What the page shows, and what is looked up: the beginning of an ICD code without its point, the longest first. */
export interface IcdRow {
  readonly begins: string;
  readonly snomed: string;
  readonly about: string;
}

/** ICD-10 of the WHO, ICD-10-GM and ICD-10-CM agree here; E08 and E09 are in ICD-10-CM alone. */
export const ICD_10: readonly IcdRow[] = [
  { begins: 'O244', snomed: GESTATIONAL, about: 'arising in the pregnancy' },
  { begins: 'O240', snomed: TYPE_1, about: 'pre-existing type 1, in pregnancy' },
  { begins: 'O241', snomed: TYPE_2, about: 'pre-existing type 2, in pregnancy' },
  { begins: 'O242', snomed: MALNUTRITION, about: 'pre-existing, malnutrition-related, in pregnancy' },
  { begins: 'O24', snomed: DIABETES_MELLITUS, about: 'other and unspecified, in pregnancy' },
  { begins: 'P702', snomed: '49817004', about: 'neonatal' },
  { begins: 'E08', snomed: SECONDARY, about: 'due to an underlying condition (ICD-10-CM)' },
  { begins: 'E09', snomed: DRUG_INDUCED, about: 'drug or chemical induced (ICD-10-CM)' },
  { begins: 'E10', snomed: TYPE_1, about: 'type 1' },
  { begins: 'E11', snomed: TYPE_2, about: 'type 2' },
  { begins: 'E12', snomed: MALNUTRITION, about: 'malnutrition-related' },
  { begins: 'E13', snomed: DIABETES_MELLITUS, about: 'other specified' },
  { begins: 'E14', snomed: DIABETES_MELLITUS, about: 'unspecified' },
];

/** ICD-9 and ICD-9-CM; in 250 the fifth digit is the type: 1 and 3 are type 1, 0 and 2 "type 2 or unspecified". */
export const ICD_9: readonly IcdRow[] = [
  ...['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'].flatMap((digit) => [
    { begins: `250${digit}1`, snomed: TYPE_1, about: 'type 1' },
    { begins: `250${digit}3`, snomed: TYPE_1, about: 'type 1, uncontrolled' },
    { begins: `250${digit}0`, snomed: TYPE_2, about: 'type 2 or unspecified' },
    { begins: `250${digit}2`, snomed: TYPE_2, about: 'type 2 or unspecified, uncontrolled' },
  ]),
  { begins: '250', snomed: DIABETES_MELLITUS, about: 'without a fifth digit' },
  { begins: '249', snomed: SECONDARY, about: 'secondary' },
  { begins: '6480', snomed: DIABETES_MELLITUS, about: 'pre-existing, in pregnancy' },
  { begins: '6488', snomed: GESTATIONAL, about: 'abnormal glucose tolerance of pregnancy' },
];

/** SNOMED codes have 18 digits at most, ICD codes less; what is longer is no code. */
const MAX_CODE_LENGTH = 32;
/** Dagger, asterisk and exclamation mark say how codes belong together; a hyphen fills what is not coded. */
const MARKS = /[-+*!#†]+$/;
/**
 * ICD-10-GM puts certainty (A excluded, V suspected, Z state after, G certain) and side (L, R, B) behind a code, some
 * systems into the same component. ICD-10-CM has letters of its own there (E11.A is type 2 in remission).
 */
const CERTAINTY = /^([A-Z]\d\d\d{0,2})[-+*!#†]*([AVZG])?[LRB]?$/;
const NOT_CERTAIN: ReadonlySet<string> = new Set(['A', 'V', 'Z']);

/** A code of a diagnosis, with the name of its system as it was sent; FHIR's URIs too. */
export interface DiagnosisCode {
  readonly system: string;
  readonly code: string;
}

/**
 * The SNOMED code of the kind of diabetes; undefined when it is none, or only suspected or excluded.
 * @param configured `organizations.*.patientSync.diagnoses`, by {@link diagnosisKey}
 */
export function diabetesOf(diagnosis: DiagnosisCode, configured: ReadonlyMap<string, string>): string | undefined {
  const own = configured.get(diagnosisKey(diagnosis));
  if (own !== undefined) return own;
  const code = diagnosis.code.trim().toUpperCase().replace('.', '');
  if (code.length > MAX_CODE_LENGTH) return undefined;
  switch (coarse(diagnosis.system)) {
    case 'SNOMED':
      return DIABETES.has(code) ? code : undefined;
    case 'ICD-9':
      return rowOf(ICD_9, code.replace(MARKS, ''));
    case 'ICD-10-CM':
      return rowOf(ICD_10, code.replace(MARKS, ''));
    case 'ICD-10':
      return whoCode(code);
    case 'none':
      // The letter is enough: no code of ICD-9 for a diagnosis begins with E1 or O.
      return /^[EOP]\d\d/.test(code) ? whoCode(code) : undefined;
    case 'other':
      return undefined;
  }
}

/** The key of a configured code: two names of one system are the same. */
export function diagnosisKey({ system, code }: DiagnosisCode): string {
  const known = coarse(system);
  return `${known === 'other' ? system.trim().toUpperCase() : known}|${code.trim().toUpperCase()}`;
}

function whoCode(code: string): string | undefined {
  const certainty = CERTAINTY.exec(code);
  if (certainty === null) return rowOf(ICD_10, code.replace(MARKS, ''));
  return NOT_CERTAIN.has(certainty[2] ?? '') ? undefined : rowOf(ICD_10, certainty[1] ?? '');
}

function rowOf(rows: readonly IcdRow[], code: string): string | undefined {
  return rows.find(({ begins }) => code.startsWith(begins))?.snomed;
}
