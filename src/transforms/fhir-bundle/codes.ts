/** Codes and units of glucose measurements. */
import type { GlucoseUnit } from '../model/profile';
import type { Code } from '../model/reading';
import type { Coding, ObservationKind } from './shapes';

export const LOINC = 'http://loinc.org';
export const SNOMED = 'http://snomed.info/sct';
export const MDC = 'urn:iso:std:iso:11073:10101';

/** Roche's profile of a blood glucose Observation (SPECS §1.5). */
const GLUCOSE_PROFILE = 'http://roche.com/fhir/rdc/StructureDefinition/bg-observation';

/** Glucose codes with their LOINC long names: SPECS §1.5 and §6.2. */
const GLUCOSE_LOINC: Readonly<Record<string, string>> = {
  '41653-7': 'Glucose [Mass/volume] in Capillary blood by Glucometer',
  '14743-9': 'Glucose [Moles/volume] in Capillary blood by Glucometer',
  '32016-8': 'Glucose [Mass/volume] in Capillary blood',
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

/**
 * Code by unit for an Observation that came without a LOINC code (manual entry). Not the glucometer codes:
 * how a typed value was measured is not known.
 */
const BLOOD_GLUCOSE: Readonly<Record<GlucoseUnit, string>> = { 'mg/dL': '2339-0', 'mmol/L': '15074-8' };

/** True when the profile or a code says that this is a glucose measurement. */
export function isGlucose({ meta, code }: ObservationKind): boolean {
  if (meta?.profile?.some((profile) => profile.split('|')[0] === GLUCOSE_PROFILE) === true) return true;
  return code?.coding?.some(isGlucoseCode) === true;
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

/**
 * The codes of a glucose measurement, the main one first. A LOINC code goes first as it was sent, even where another
 * would fit the unit better (Roche sends 41653-7 with mmol/L too): the code is the sender's statement. Without one, the
 * LOINC code of blood glucose in that unit goes first.
 */
export function glucoseCodes({ code }: ObservationKind, unit: GlucoseUnit | undefined): Code[] {
  const sent = (code?.coding ?? []).filter((coding) => coding.code !== undefined && coding.code !== '');
  const loinc = sent.find(({ system }) => system === LOINC);
  const others = sent.filter((coding) => coding !== loinc).map((coding) => named(coding, code?.text));
  if (loinc !== undefined) return [named(loinc, code?.text), ...others];
  if (unit === undefined) return others;
  return [named({ system: LOINC, code: BLOOD_GLUCOSE[unit] }, undefined), ...others];
}

function named({ system, code = '', display }: Coding, text: string | undefined): Code {
  const names = system === LOINC ? GLUCOSE_LOINC : system === SNOMED ? GLUCOSE_SNOMED : {};
  // A code is the sender's text: `constructor` must not find what every object inherits.
  const known = Object.hasOwn(names, code) ? names[code] : undefined;
  return { system, code, display: display ?? known ?? text };
}

/**
 * The unit of a quantity; undefined when it is neither mg/dL nor mmol/L, or code and unit contradict each
 * other (then nobody can say what the number means). A unit in other words beside a known code is only a label.
 */
export function glucoseUnit(quantity: {
  unit?: string | undefined;
  code?: string | undefined;
}): GlucoseUnit | undefined {
  const label = unitByName(quantity.unit);
  if (quantity.code === undefined || quantity.code === '') return label;
  const unit = unitByName(quantity.code);
  return label === undefined || label === unit ? unit : undefined;
}

function unitByName(name: string | undefined): GlucoseUnit | undefined {
  switch (name?.toLowerCase()) {
    case 'mg/dl':
      return 'mg/dL';
    case 'mmol/l':
      return 'mmol/L';
    default:
      return undefined;
  }
}
