/** Codes of Observations that have a kind of their own, glucose and carbohydrates, and units of them. */
import type { GlucoseUnit } from '../model/profile';
import type { Code } from '../model/reading';
import { isConcept } from './guards';
import { unitByNames } from './quantity';
import type { Coding, Concept, ObservationKind, Quantity } from './shapes';

export const LOINC = 'http://loinc.org';
export const SNOMED = 'http://snomed.info/sct';
export const MDC = 'urn:iso:std:iso:11073:10101';
/** Roche's own codes (SPECS §1.5). */
export const ROCHE_CODES = 'http://roche.com/fhir/rdc/cs';
export const ROCHE_PROFILES = 'http://roche.com/fhir/rdc/StructureDefinition/';

const GLUCOSE_PROFILE = `${ROCHE_PROFILES}bg-observation`;
const CARBS_PROFILE = `${ROCHE_PROFILES}observation-carbs`;

/** Glucose codes with their LOINC long names: SPECS §1.5 and §6.2. */
const GLUCOSE_LOINC: Readonly<Record<string, string>> = {
  '41653-7': 'Glucose [Mass/volume] in Capillary blood by Glucometer',
  '14743-9': 'Glucose [Moles/volume] in Capillary blood by Glucometer',
  '32016-8': 'Glucose [Mass/volume] in Capillary blood',
  '51596-5': 'Glucose [Moles/volume] in Capillary blood',
  '2339-0': 'Glucose [Mass/volume] in Blood',
  '15074-8': 'Glucose [Moles/volume] in Blood',
  '2344-0': 'Glucose [Mass/volume] in Body fluid',
  '14745-4': 'Glucose [Moles/volume] in Body fluid',
  '99504-3': 'Glucose [Mass/volume] in Interstitial fluid',
  '105272-9': 'Glucose [Moles/volume] in Interstitial fluid',
};
const GLUCOSE_SNOMED: Readonly<Record<string, string>> = {
  '362943005': 'Manual blood glucose test',
  '434910001': 'Interstitial fluid glucose concentration',
};
/** Capillary whole blood, capillary plasma, interstitial fluid. */
const GLUCOSE_MDC: ReadonlySet<string> = new Set(['160184', '160188', '160212']);

/** Carbohydrates eaten, estimated and measured (SPECS §1.5), with their LOINC long names. */
const CARBS_LOINC: Readonly<Record<string, string>> = {
  '9059-7': 'Carbohydrate intake Estimated',
  '9060-5': 'Carbohydrate intake Measured',
};
const LOINC_NAMES: Readonly<Record<string, string>> = { ...GLUCOSE_LOINC, ...CARBS_LOINC };
/** MDC_CTXT_GLU_CARB (SPECS §6.2). */
const CARBS_MDC = '8417764';
/** Categories: Roche's, and SNOMED's `Nutritional value`, which other nutrients have too. */
const CARBS_CATEGORY = 'carb-observation';
const NUTRITION = '84626001';

type ByUnit = Readonly<Record<GlucoseUnit, string>>;
/**
 * LOINC codes by unit for an Observation that came without one (manual entry). Not the glucometer codes: how a typed
 * value was measured is not known.
 */
const BLOOD_GLUCOSE: ByUnit = { 'mg/dL': '2339-0', 'mmol/L': '15074-8' };
const INTERSTITIAL_GLUCOSE: ByUnit = { 'mg/dL': '99504-3', 'mmol/L': '105272-9' };
/**
 * What the sender's code says was measured, with LOINC's word for it. Interstitial fluid is no blood. LOINC has no code
 * here for capillary plasma (MDC 160188): undefined.
 */
const LOINC_FOR: ReadonlyMap<string, ByUnit | undefined> = new Map([
  [`${SNOMED}|434910001`, INTERSTITIAL_GLUCOSE],
  [`${MDC}|160212`, INTERSTITIAL_GLUCOSE],
  [`${MDC}|160184`, { 'mg/dL': '32016-8', 'mmol/L': '51596-5' }],
  [`${MDC}|160188`, undefined],
]);

/** What the profile, a code or the category says that is measured. */
export function observationKind(kind: ObservationKind, category: unknown): 'glucose' | 'carbs' | 'other' {
  const codings = kind.code?.coding ?? [];
  if (hasProfile(kind, GLUCOSE_PROFILE) || codings.some(isGlucoseCode)) return 'glucose';
  if (hasProfile(kind, CARBS_PROFILE) || codings.some(isCarbsCode) || isCarbsCategory(category, codings)) {
    return 'carbs';
  }
  return 'other';
}

/** True for a profile of this name, of any version (`|1.0`). */
export function hasProfile({ meta }: Pick<ObservationKind, 'meta'>, name: string): boolean {
  for (const profile of meta?.profile ?? []) {
    if (profile.startsWith(name) && (profile.length === name.length || profile.charAt(name.length) === '|')) {
      return true;
    }
  }
  return false;
}

function isGlucoseCode({ system, code = '' }: Coding): boolean {
  switch (system) {
    case LOINC:
      return Object.hasOwn(GLUCOSE_LOINC, code);
    case SNOMED:
      return Object.hasOwn(GLUCOSE_SNOMED, code);
    case MDC:
      return GLUCOSE_MDC.has(code);
    default:
      return false;
  }
}

function isCarbsCode({ system, code = '' }: Coding): boolean {
  return (system === LOINC && Object.hasOwn(CARBS_LOINC, code)) || (system === MDC && code === CARBS_MDC);
}

/** The category alone decides only where no LOINC code says that another nutrient is meant. */
function isCarbsCategory(category: unknown, codings: readonly Coding[]): boolean {
  if (!Array.isArray(category)) return false;
  const categories = category.filter(isConcept).flatMap(({ coding = [] }) => coding);
  if (categories.some(({ system, code }) => system === ROCHE_CODES && code === CARBS_CATEGORY)) return true;
  const isNutrition = categories.some(({ system, code }) => system === SNOMED && code === NUTRITION);
  return isNutrition && !codings.some(({ system }) => system === LOINC);
}

/**
 * The codes of a glucose measurement, the main one first. A LOINC code goes first as it was sent, even where another
 * would fit the unit better (Roche sends 41653-7 with mmol/L too): the code is the sender's statement. Without one, the
 * LOINC code in that unit for what the sender's code says goes first, or else that of blood glucose.
 */
export function glucoseCodes(code: Concept | undefined, unit: GlucoseUnit | undefined): Code[] {
  const sent = loincFirst(code);
  if (unit === undefined || sent[0]?.system === LOINC) return sent;
  const known = sent.map(({ system, code: own }) => `${system ?? ''}|${own}`).find((key) => LOINC_FOR.has(key));
  const added = (known === undefined ? BLOOD_GLUCOSE : LOINC_FOR.get(known))?.[unit];
  return added === undefined ? sent : [named({ system: LOINC, code: added }, undefined), ...sent];
}

/** The codes as they were sent, a LOINC code first: the main one of carbohydrates and of other measurements. */
export function loincFirst(concept: Concept | undefined): Code[] {
  const codes: Code[] = [];
  let hasLoinc = false;
  for (const coding of concept?.coding ?? []) {
    if (coding.code === undefined || coding.code === '') continue;
    const code = named(coding, concept?.text);
    if (coding.system === LOINC && !hasLoinc) {
      hasLoinc = true;
      codes.unshift(code);
    } else {
      codes.push(code);
    }
  }
  return codes;
}

/** The codes of a concept in their order. */
export function codesOf({ coding = [], text }: Concept): Code[] {
  return coding.filter(({ code = '' }) => code !== '').map((one) => named(one, text));
}

/** The words of a concept, when none of its codes has them for a name already. */
export function textBeside(concept: Concept | undefined, codes: readonly Code[]): string | undefined {
  const text = concept?.text;
  return text === undefined || text === '' || codes.some(({ display }) => display === text) ? undefined : text;
}

function named({ system, code = '', display }: Coding, text: string | undefined): Code {
  return { system, code, display: display ?? knownName(system, code) ?? text };
}

function knownName(system: string | undefined, code: string): string | undefined {
  const names = system === LOINC ? LOINC_NAMES : system === SNOMED ? GLUCOSE_SNOMED : {};
  // A code is the sender's text: `constructor` must not find what every object inherits.
  return Object.hasOwn(names, code) ? names[code] : undefined;
}

/** The unit of a glucose measurement; undefined when it is neither mg/dL nor mmol/L, or code and label differ. */
export function glucoseUnit(quantity: Quantity): GlucoseUnit | undefined {
  const unit = unitByNames(quantity, glucoseUnitByName);
  return unit === 'mg/dL' || unit === 'mmol/L' ? unit : undefined;
}

function glucoseUnitByName(name: string): GlucoseUnit | undefined {
  if (name === 'mg/dL' || name === 'mmol/L') return name;
  switch (name.toLowerCase()) {
    case 'mg/dl':
      return 'mg/dL';
    case 'mmol/l':
      return 'mmol/L';
    default:
      return undefined;
  }
}

/** `g`; undefined when carbohydrates come in something else. */
export function carbsUnit(quantity: Quantity): string | undefined {
  return unitByNames(quantity, gramsByName);
}

/** Labels of other units beside the code `g` are contradictions, not words for it. */
function gramsByName(name: string): string | undefined {
  switch (name.toLowerCase()) {
    case 'g':
    case 'gram':
    case 'grams':
      return 'g';
    case 'mg':
    case 'kg':
    case 'oz':
    case 'kcal':
    case 'be':
    case 'ke':
      return '';
    default:
      return undefined;
  }
}
