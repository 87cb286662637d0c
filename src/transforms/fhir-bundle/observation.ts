/** An Observation as a reading: glucose, carbohydrates, or any other measurement with a quantity, a code or words. */
import type { DeviceId, Elements, Reading } from '../model/reading';
import { standingOf } from '../model/standing';
import { carbsUnit, glucoseCodes, glucoseUnit, loincFirst, observationKind, textBeside } from './codes';
import { readComments, readTime, timeElement, TIME_ELEMENTS, type TimeElement } from './event';
import { readFinding, type FoundValue } from './finding';
import { hasEventElements, isConcept, isOptionalList, isOptionalText, isQuantity, isReference } from './guards';
import type { NoMapping } from './no-mapping';
import { hasExtras, readExtras } from './observation-extras';
import { readAmount, ucumUnit } from './quantity';
import type { Links } from './references';
import {
  ObservationKindShape,
  ObservationShape,
  readShape,
  type Observation,
  type ObservationKind,
  type Quantity,
  type Reference,
} from './shapes';
import { unreadOfObservation } from './unread';

type Json = Readonly<Record<string, unknown>>;

/** A reading and the elements of its resource that are in none of its parts. */
export interface ReadingFound {
  readonly reading: Reading;
  readonly unread: readonly string[];
}

/**
 * A deletion (`cancelled`, `entered-in-error`; SPECS §1.5) needs neither value nor time: it only has to say
 * which measurement goes. Everything else needs both, and nothing is guessed.
 * @param path element path of the resource
 * @param deviceOf the number of the device that a reference leads to
 * @throws DuctusError DUCTUS_BUNDLE_INVALID for an element of a wrong type
 */
export function readObservation(
  raw: Json,
  path: string,
  deviceOf: (reference: Reference) => DeviceId | undefined,
  links: Links,
): ReadingFound | NoMapping {
  const observed = isObservationKind(raw) ? raw : readShape(ObservationKindShape, raw, path);
  const kind = observationKind(observed, raw['category']);
  const found = kind === 'other' && raw['valueQuantity'] === undefined ? readFinding(raw) : undefined;
  const why = kind === 'other' && found === undefined ? notMeasured(raw) : undefined;
  if (why !== undefined) return { why };
  const observation = isObservation(raw) ? raw : readShape(ObservationShape, raw, path);

  const standing = standingOf(observation.status);
  if (standing === undefined) return { why: 'the status says neither valid nor deleted' };
  if ((observation.component ?? []).length > 0) return { why: 'an Observation with components' };
  const deleted = standing === 'deleted';

  const quantity = observation.valueQuantity;
  const { unitOf, wrongUnit } = UNITS[kind];
  const isElsewhere = deleted || found !== undefined;
  const amount = readAmount(quantity, quantity === undefined ? undefined : unitOf(quantity), wrongUnit, isElsewhere);
  if ('why' in amount) return amount;

  const time = readTime(observation, observation.effectiveInstant);
  if (time === undefined && !deleted) return { why: 'no effective time, or one that is not a date' };

  const { unit } = amount;
  const codes =
    kind === 'glucose' && (unit === 'mg/dL' || unit === 'mmol/L')
      ? glucoseCodes(observation.code, unit)
      : loincFirst(observation.code);
  if (codes.length === 0) return { why: 'no code' };
  const codeText = textBeside(observation.code, codes);
  const reading: Reading = {
    kind: kind === 'other' ? 'measurement' : kind,
    standing,
    codes,
    ...(codeText === undefined ? {} : { codeText }),
    value: amount.value,
    ...(found === undefined ? {} : { finding: found.finding }),
    unit,
    start: time?.start,
    end: time?.end,
    comments: readComments(observation, observation.comment),
    device: observation.device === undefined ? undefined : deviceOf(observation.device),
    elements: elementsOf(raw, observation, found),
  };
  let unread = unreadOfObservation(raw, found?.element);
  // A device that is only described (`display`) has no number for the reading.
  if (observation.device !== undefined && reading.device === undefined) unread = [...unread, 'Observation.device'];
  if (time?.isEndLost === true) unread = [...unread, 'Observation.effectivePeriod.end'];
  if (!hasExtras(raw)) return { reading, unread };
  const extras = readExtras(raw, quantity, links);
  return {
    reading: { ...reading, ...extras.parts },
    unread: extras.unread.length === 0 ? unread : [...unread, ...extras.unread],
  };
}

const UNITS: Readonly<
  Record<
    'glucose' | 'carbs' | 'other',
    { readonly unitOf: (quantity: Quantity) => string | undefined; readonly wrongUnit: string }
  >
> = {
  glucose: { unitOf: glucoseUnit, wrongUnit: 'the unit is not mg/dL or mmol/L, or code and unit differ' },
  carbs: { unitOf: carbsUnit, wrongUnit: 'the unit is not g, or code and unit differ' },
  other: { unitOf: ucumUnit, wrongUnit: 'a quantity without a UCUM code' },
};

/** Why an Observation of no special kind is no measurement; undefined when it may be one. */
function notMeasured(raw: Json): string | undefined {
  const { component, valueQuantity } = raw;
  if (component !== undefined && !(Array.isArray(component) && component.length === 0)) {
    return 'an Observation with components';
  }
  if (valueQuantity !== undefined) return undefined;
  for (const name in raw)
    if (name.startsWith('value'))
      return 'an Observation whose value is no quantity, nor a code or text under a code of LOINC or SNOMED CT';
  const isDeletion = raw['status'] === 'cancelled' || raw['status'] === 'entered-in-error';
  return isDeletion ? undefined : 'an Observation without a value of its own';
}

/** `meta` was checked with what every resource has. */
function isObservationKind(raw: Json): raw is Json & ObservationKind {
  return raw['code'] === undefined || isConcept(raw['code']);
}

/** After {@link isObservationKind}, the rest of {@link ObservationShape}. */
function isObservation(raw: Json): raw is Json & Observation {
  return (
    hasEventElements(raw) &&
    isOptionalText(raw['effectiveInstant']) &&
    isOptionalText(raw['comment']) &&
    (raw['valueQuantity'] === undefined || isQuantity(raw['valueQuantity'])) &&
    (raw['device'] === undefined || isReference(raw['device'])) &&
    isOptionalList(raw['component'], () => true)
  );
}

/** One object for all readings of a shape; made once, since thousands of readings share a few. */
function elementsOf(raw: Json, observation: Observation, found: FoundValue | undefined): Elements {
  const { comment, valueQuantity } = observation;
  const place =
    (raw['id'] === undefined ? 0 : 1) +
    (comment === undefined ? 0 : 2) +
    ((valueQuantity?.code ?? '') === '' ? 0 : 4) +
    (raw['hasMember'] === undefined ? 0 : 8) +
    (found === undefined ? 0 : found.element === 'valueString' ? 16 : 32);
  return ELEMENTS[timeElement(observation, observation.effectiveInstant)][place] ?? {};
}

const ELEMENTS: Readonly<Record<TimeElement, readonly Elements[]>> = {
  effectiveDateTime: elementsAt('effectiveDateTime'),
  effectiveInstant: elementsAt('effectiveInstant'),
  effectivePeriod: elementsAt('effectivePeriod'),
  'effectivePeriod.end': elementsAt('effectivePeriod.end'),
};

function elementsAt(time: TimeElement): Elements[] {
  return Array.from({ length: 48 }, (_, place) => ({
    identifier: (place & 1) === 0 ? 'identifier' : 'id',
    status: 'status',
    codes: 'code',
    value: place < 16 ? 'valueQuantity.value' : place < 32 ? 'valueString' : 'valueCodeableConcept',
    comparator: 'valueQuantity.comparator',
    unit: (place & 4) === 0 ? 'valueQuantity.unit' : 'valueQuantity.code',
    ...TIME_ELEMENTS[time],
    comments: (place & 2) === 0 ? 'note' : 'comment',
    device: 'device',
    interpretation: 'interpretation',
    referenceRange: 'referenceRange',
    related: (place & 8) === 0 ? 'related' : 'hasMember',
    subject: 'subject',
  }));
}
