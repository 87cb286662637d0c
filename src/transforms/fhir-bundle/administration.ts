/**
 * A MedicationAdministration of insulin as a reading. STU3 and R4 differ in the status of what was not given and in the
 * name of a rate; Roche writes the rate of a pump as a dose in `[IU]/h` (SPECS §1.5).
 */
import type { DeviceId, Reading, Standing } from '../model/reading';
import type { AdministrationElements } from './administration-elements';
import { readAdminType, readDevice } from './administration-extensions';
import { readComments, readTime, timeElement } from './event';
import { hasEventElements, isConcept, isQuantity, isReference } from './guards';
import { INSULIN_RATE_UNIT, INSULIN_UNIT, insulinCodes, insulinUnit, isHour, isInsulin } from './insulin-codes';
import { decimalSource, isObject } from './lossless-json';
import type { NoMapping } from './no-mapping';
import { textBeside } from './codes';
import type { ReadingFound } from './observation';
import { readAmount, type Amount } from './quantity';
import {
  AdministrationShape,
  MedicationKindShape,
  readShape,
  type Administration,
  type Concept,
  type Dosage,
  type MedicationKind,
  type Reference,
} from './shapes';
import { hasModifier, unreadOfAdministration, type DoseElement } from './unread';

type Json = Readonly<Record<string, unknown>>;

const WRONG_UNIT = 'the unit is not that of insulin, or code and unit differ';

/**
 * @param path element path of the resource
 * @param deviceOf the number of the device that a reference leads to
 * @param medicationOf the code of the Medication that a reference leads to
 * @throws DuctusError DUCTUS_BUNDLE_INVALID for an element of a wrong type
 */
export function readAdministration(
  raw: Json,
  path: string,
  deviceOf: (reference: Reference) => DeviceId | undefined,
  medicationOf: (reference: Reference) => Concept | undefined,
  elements: AdministrationElements,
): ReadingFound | NoMapping {
  const kind = isMedicationKind(raw) ? raw : readShape(MedicationKindShape, raw, path);
  const medication =
    kind.medicationCodeableConcept ??
    (kind.medicationReference === undefined ? undefined : medicationOf(kind.medicationReference));
  if (!isInsulin(kind, medication)) return { why: 'a MedicationAdministration of something else than insulin' };
  const administration = isAdministration(raw) ? raw : readShape(AdministrationShape, raw, path);

  const standing = STANDINGS.get(administration.status ?? '');
  const deleted = standing === 'deleted';
  if (!deleted && (administration.notGiven === true || administration.status === 'not-done')) {
    return { why: 'insulin that was not given' };
  }
  if (standing === undefined) return { why: 'the status says neither valid nor deleted' };

  const { dosage } = administration;
  if (isObject(dosage) && hasModifier(dosage)) return { why: 'an extension that changes the meaning of the dosage' };
  const dose = dosage === undefined ? undefined : readDose(dosage, deleted);
  if (dose !== undefined && 'why' in dose) return dose;
  if (dose === undefined && !deleted) return { why: 'neither a dose nor a rate with a number' };

  const time = readTime(administration, undefined);
  if (time === undefined && !deleted) return { why: 'no effective time, or one that is not a date' };
  const codes = insulinCodes(medication);
  if (codes.length === 0) return { why: 'no code' };
  const codeText = textBeside(medication, codes);

  const extensions = new Set<unknown>();
  const adminType = readAdminType(raw, extensions);
  const device = readDevice(raw, deviceOf, extensions);
  const reading: Reading = {
    kind: 'insulin',
    standing,
    codes,
    ...(codeText === undefined ? {} : { codeText }),
    value: dose?.amount.value,
    unit: dose?.amount.unit,
    start: time?.start,
    end: time?.end,
    comments: readComments(administration, undefined),
    device: device.id,
    insulin: { adminType: adminType.code, isRate: dose?.amount.unit === INSULIN_RATE_UNIT },
    elements: elements.of(
      dose?.element ?? 'dose',
      timeElement(administration, undefined),
      raw['id'] === undefined ? 'identifier' : 'id',
      kind.medicationCodeableConcept === undefined ? 'medicationReference' : 'medicationCodeableConcept',
      dose?.hasCode === false ? 'unit' : 'code',
      adminType.element,
      device.element,
    ),
  };
  let unread = unreadOfAdministration(raw, dose?.element, extensions);
  if (!device.isRead) unread = [...unread, 'MedicationAdministration.device'];
  if (time?.isEndLost === true) unread = [...unread, 'MedicationAdministration.effectivePeriod.end'];
  return { reading, unread };
}

/** Status of STU3 and R4. What was stopped was given until then, as the dose says. */
const STANDINGS: ReadonlyMap<string, Standing> = new Map([
  ['completed', 'final'],
  ['stopped', 'final'],
  ['in-progress', 'preliminary'],
  ['on-hold', 'preliminary'],
  ['entered-in-error', 'deleted'],
]);

interface Dose {
  readonly element: DoseElement;
  readonly amount: Amount;
  readonly hasCode: boolean;
}

/** The dose, else the rate; undefined when there is no number in either. */
function readDose(dosage: Dosage, deleted: boolean): Dose | NoMapping | undefined {
  for (const element of ['dose', 'rateQuantity', 'rateSimpleQuantity'] as const) {
    const quantity = dosage[element];
    if (quantity?.value === undefined) continue;
    const unit = insulinUnit(quantity);
    const isWrong = element !== 'dose' && unit === INSULIN_UNIT;
    const amount = readAmount(quantity, isWrong ? undefined : unit, WRONG_UNIT, deleted);
    return 'why' in amount ? amount : { element, amount, hasCode: (quantity.code ?? '') !== '' };
  }
  const { numerator, denominator } = dosage.rateRatio ?? {};
  if (numerator?.value === undefined || denominator === undefined) return undefined;
  const isHourly =
    insulinUnit(numerator) === INSULIN_UNIT &&
    isHour(denominator) &&
    denominator.comparator === undefined &&
    /^1(?:\.0+)?$/.test(decimalSource(denominator.value) ?? '');
  const amount = readAmount(
    numerator,
    isHourly ? INSULIN_RATE_UNIT : undefined,
    'a rate that is not per hour',
    deleted,
  );
  return 'why' in amount ? amount : { element: 'rateRatio', amount, hasCode: (numerator.code ?? '') !== '' };
}

/** `meta` was checked with what every resource has. */
function isMedicationKind(raw: Json): raw is Json & MedicationKind {
  return (
    (raw['medicationCodeableConcept'] === undefined || isConcept(raw['medicationCodeableConcept'])) &&
    (raw['medicationReference'] === undefined || isReference(raw['medicationReference']))
  );
}

/** After {@link isMedicationKind}, the rest of {@link AdministrationShape}. */
function isAdministration(raw: Json): raw is Json & Administration {
  const { dosage, notGiven } = raw;
  if (!hasEventElements(raw) || (notGiven !== undefined && typeof notGiven !== 'boolean')) return false;
  return dosage === undefined || isDosage(dosage);
}

function isDosage(dosage: unknown): boolean {
  if (!isObject(dosage)) return false;
  for (const name of ['dose', 'rateQuantity', 'rateSimpleQuantity']) {
    if (dosage[name] !== undefined && !isQuantity(dosage[name])) return false;
  }
  const { rateRatio } = dosage;
  return (
    rateRatio === undefined ||
    (isObject(rateRatio) &&
      (rateRatio['numerator'] === undefined || isQuantity(rateRatio['numerator'])) &&
      (rateRatio['denominator'] === undefined || isQuantity(rateRatio['denominator'])))
  );
}
