/** What a code's own rules say about it: check digits catch most typing errors before an EMR does. */

const LOINC_SYSTEMS: ReadonlySet<string> = new Set(['http://loinc.org', 'LN']);
const SNOMED_SYSTEMS: ReadonlySet<string> = new Set(['http://snomed.info/sct', 'SCT']);

/**
 * @param system a URI, or a name of HL7 table 0396
 * @returns what is wrong, for a person; undefined when nothing is, or the system has no such rule
 */
export function codeProblem(system: string, code: string): string | undefined {
  if (LOINC_SYSTEMS.has(system) && !isLoinc(code)) return 'is no LOINC code (format or check digit)';
  if (SNOMED_SYSTEMS.has(system) && !isSnomed(code)) return 'is no SNOMED CT id (format or check digit)';
  return undefined;
}

/** Digits, a hyphen and a check digit by Luhn's "mod 10" (LOINC Users' Guide, appendix on check digits). */
export function isLoinc(code: string): boolean {
  const parts = /^(\d{1,7})-(\d)$/.exec(code);
  if (parts === null) return false;
  const [, digits = '', check = ''] = parts;
  let sum = 0;
  [...digits].reverse().forEach((digit, position) => {
    const value = Number(digit) * (position % 2 === 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return (10 - (sum % 10)) % 10 === Number(check);
}

/** Multiplication in the dihedral group D5, and Verhoeff's permutation of the digits by their position. */
const DIHEDRAL = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
const PERMUTATION = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
];

/** 6 to 18 digits with a check digit by Verhoeff's scheme (SNOMED CT Release File Specification, "SCTID"). */
export function isSnomed(code: string): boolean {
  if (!/^[1-9]\d{5,17}$/.test(code)) return false;
  let check = 0;
  [...code].reverse().forEach((digit, position) => {
    const permuted = Number(PERMUTATION[position % 8]?.charAt(Number(digit)));
    check = Number(DIHEDRAL[check]?.charAt(permuted));
  });
  return check === 0;
}
