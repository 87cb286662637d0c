/**
 * LOINC codes of glucose that differ only in the property: mass concentration (mg/dL) or substance concentration
 * (mmol/L). Names are LOINC's long common names.
 */
import type { GlucoseUnit } from '../model/profile';
import type { Code } from '../model/reading';

export const LOINC = 'http://loinc.org';

/** mg/dL and mmol/L of the same specimen and method: SPECS §1.5 and §6.2, loinc.org. */
const PAIRS: readonly (readonly [mass: readonly [string, string], moles: readonly [string, string]])[] = [
  [
    ['41653-7', 'Glucose [Mass/volume] in Capillary blood by Glucometer'],
    ['14743-9', 'Glucose [Moles/volume] in Capillary blood by Glucometer'],
  ],
  [
    ['32016-8', 'Glucose [Mass/volume] in Capillary blood'],
    ['51596-5', 'Glucose [Moles/volume] in Capillary blood'],
  ],
  [
    ['2339-0', 'Glucose [Mass/volume] in Blood'],
    ['15074-8', 'Glucose [Moles/volume] in Blood'],
  ],
  [
    ['2344-0', 'Glucose [Mass/volume] in Body fluid'],
    ['14745-4', 'Glucose [Moles/volume] in Body fluid'],
  ],
  [
    ['99504-3', 'Glucose [Mass/volume] in Interstitial fluid'],
    ['105272-9', 'Glucose [Moles/volume] in Interstitial fluid'],
  ],
];

const INTERSTITIAL: ReadonlySet<string> = new Set(['99504-3', '105272-9']);

interface Known {
  readonly unit: GlucoseUnit;
  /** The same in the other unit. */
  readonly other: Code;
}

const KNOWN: ReadonlyMap<string, Known> = new Map(
  PAIRS.flatMap(([[massCode, massName], [molesCode, molesName]]): [string, Known][] => [
    [massCode, { unit: 'mg/dL', other: { system: LOINC, code: molesCode, display: molesName } }],
    [molesCode, { unit: 'mmol/L', other: { system: LOINC, code: massCode, display: massName } }],
  ]),
);

/** Whether the codes fit the unit, and if not, the code that does. */
export type CodeFit = { readonly codes: readonly Code[]; readonly fits: boolean };

/**
 * The codes for a value in this unit: the LOINC code that fits goes first, the sender's codes stay behind it.
 * `fits` is false when no code says which unit is meant or the first LOINC code has no counterpart here.
 */
export function codesForUnit(codes: readonly Code[], unit: GlucoseUnit): CodeFit {
  const main = codes.find(({ system }) => system === LOINC);
  const known = main === undefined ? undefined : KNOWN.get(main.code);
  if (known === undefined) return { codes, fits: false };
  if (known.unit === unit) return { codes, fits: true };
  const { other } = known;
  const rest = codes.filter(({ system, code }) => system !== other.system || code !== other.code);
  return { codes: [other, ...rest], fits: true };
}

/** True for a sensor value by its code. */
export function isInterstitial(codes: readonly Code[]): boolean {
  return codes.some(({ system, code }) => system === LOINC && INTERSTITIAL.has(code));
}
