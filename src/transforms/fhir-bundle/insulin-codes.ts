/** Which insulin it was, and in what units it is counted. */
import type { Code } from '../model/reading';
import { codesOf, hasProfile, MDC, ROCHE_CODES, ROCHE_PROFILES, SNOMED } from './codes';
import { unitByNames } from './quantity';
import type { Coding, Concept, MedicationKind, Quantity } from './shapes';

const INSULIN_PROFILE = `${ROCHE_PROFILES}medication-administration`;

/** Long-acting and short-acting insulin (SPECS §1.5). */
const KINDS_SNOMED: ReadonlySet<string> = new Set(['25305005', '411531001']);
/** Insulin, of whatever kind. */
const INSULIN_SNOMED = '67866001';
/** MDC_CTXT_MEDICATION_RAPIDACTING, SHORTACTING, INTERMEDIATEACTING, LONGACTING, PREMIX (SPECS §6.2). */
const KINDS_MDC: ReadonlySet<string> = new Set(['8417800', '8417804', '8417808', '8417812', '8417816']);
/** MDC_CTXT_MEDICATION. */
const INSULIN_MDC = '8417796';
/** Mixed insulin, a concept of UMLS; Roche's guide names no system for it (SPECS §1.5). */
const MIXED = 'C0356369';
/** Roche's code for any dose of insulin. */
const INSULIN_DOSE = 'insulinDose';

/** How much a code says: which insulin (0), that it is insulin (1), something else (2), only that it is a dose (3). */
function rank(system: string | undefined, code: string): 0 | 1 | 2 | 3 {
  if (code === MIXED) return 0;
  switch (system) {
    case SNOMED:
      return KINDS_SNOMED.has(code) ? 0 : code === INSULIN_SNOMED ? 1 : 2;
    case MDC:
      return KINDS_MDC.has(code) ? 0 : code === INSULIN_MDC ? 1 : 2;
    case ROCHE_CODES:
      return code === INSULIN_DOSE ? 3 : 2;
    default:
      return 2;
  }
}

/** True when Roche's profile or a code says that insulin was given. */
export function isInsulin(kind: MedicationKind, medication: Concept | undefined): boolean {
  return hasProfile(kind, INSULIN_PROFILE) || (medication?.coding ?? []).some(isInsulinCode);
}

function isInsulinCode({ system, code = '' }: Coding): boolean {
  return rank(system, code) !== 2;
}

/** The codes as they were sent, the one that says most about the insulin first. */
export function insulinCodes(medication: Concept | undefined): Code[] {
  if (medication === undefined) return [];
  return codesOf(medication).toSorted((a, b) => rank(a.system, a.code) - rank(b.system, b.code));
}

/** Units of insulin (UCUM: arbitrary units are written in brackets), and units per hour. */
export const INSULIN_UNIT = '[iU]';
export const INSULIN_RATE_UNIT = '[iU]/h';

/** `[iU]` or `[iU]/h`; undefined for anything else, or when code and label differ. */
export function insulinUnit(quantity: Quantity): string | undefined {
  return unitByNames(quantity, insulinUnitByName);
}

/** True for an hour, as in the denominator of a rate. */
export function isHour(quantity: Quantity): boolean {
  return unitByNames(quantity, hourByName) === 'h';
}

/**
 * UCUM has `[iU]` and `[IU]`; people write IU or U. `U` in UCUM is the unit of enzymes, and of
 * nothing that insulin is counted in. Other units that may stand beside are contradictions, not labels.
 */
function insulinUnitByName(name: string): string | undefined {
  switch (name.toLowerCase()) {
    case '[iu]':
    case 'iu':
    case 'u':
    case '{u}':
    case '{iu}':
    case 'unit':
    case 'units':
      return INSULIN_UNIT;
    case '[iu]/h':
    case '[iu]/hr':
    case 'iu/h':
    case 'iu/hr':
    case 'u/h':
    case 'u/hr':
    case 'units/h':
    case 'units/hour':
      return INSULIN_RATE_UNIT;
    case 'ml':
    case 'ml/h':
    case 'mg':
    case 'g':
    case 'miu':
    case 'mu':
    case 'm[iu]':
    case 'k[iu]':
    case '[iu]/d':
    case 'iu/d':
    case 'u/d':
    case '[iu]/min':
    case 'iu/min':
    case 'u/min':
    case '[iu]/ml':
    case 'iu/ml':
    case 'u/ml':
      return '';
    default:
      return undefined;
  }
}

function hourByName(name: string): string | undefined {
  switch (name) {
    case 'h':
    case 'hr':
    case 'hour':
      return 'h';
    case 'd':
    case 'min':
    case 's':
      return '';
    default:
      return undefined;
  }
}
