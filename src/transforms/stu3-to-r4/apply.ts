/** What the selection decided about a reading, applied to its resource: status, codes, unit, remarks, device. */
import { decimalSource, isObject } from '../fhir-bundle/lossless-json';
import { plainDecimal } from '../fhir-bundle/decimal';
import type { Item, ResultStatus } from '../model/item';
import type { Code, Reading, Value } from '../model/reading';
import type { ClockChange, TimeZone } from '../model/time-zone';
import { exactNumber, list, type Conversion, type Draft } from './conversion';
import { CODE_SYSTEM, DATA_ABSENT, STU3_EXTENSION, UCUM } from './names';

/** Quantity in UCUM. */
export function quantity({ number, comparator }: Value, unit: string | undefined): Draft {
  return {
    value: exactNumber(number),
    ...(comparator === undefined ? {} : { comparator }),
    ...(unit === undefined ? {} : { unit, system: UCUM, code: unit }),
  };
}

/** Names of table 0396 that a code map may use, as R4 code systems; others become a URN, since R4 wants a URI. */
const V2_NAMES: Readonly<Record<string, string>> = {
  LN: 'http://loinc.org',
  SCT: 'http://snomed.info/sct',
  MDC: 'urn:iso:std:iso:11073:10101',
};

export function coding({ system, code, display }: Code): Draft {
  const uri = system === undefined || system.includes(':') ? system : (V2_NAMES[system] ?? CODE_SYSTEM + system);
  return {
    ...(uri === undefined || uri === '' ? {} : { system: uri }),
    code,
    ...(display === undefined || display === '' ? {} : { display }),
  };
}

/**
 * Changes a converted Observation or MedicationAdministration in place.
 * @param resource in R4
 */
export function applyReading(resource: Draft, item: Item, reading: Reading, conversion: Conversion): void {
  const isObservation = resource['resourceType'] === 'Observation';
  applyStatus(resource, item.status, isObservation, conversion);
  applyCodes(resource, isObservation ? 'code' : 'medicationCodeableConcept', reading, conversion);
  if (isObservation) applyQuantity(resource, 'valueQuantity', reading, conversion);
  else applyDose(resource, reading, conversion);
  const notes = [...(reading.remarks ?? []), ...clockNotes(reading, conversion.zone)];
  if (notes.length > 0) {
    const before = list(resource['note']);
    resource['note'] = [...before, ...notes.map((text) => ({ text }))];
    conversion.changed('remark', `note[${before.length}]`, ...clockSource(reading));
  }
  // Required by R4; a deletion may come without them.
  if (isObservation) return;
  if (resource['medicationCodeableConcept'] === undefined && resource['medicationReference'] === undefined) {
    resource['medicationCodeableConcept'] = absent();
  }
  if (['effectiveDateTime', 'effectivePeriod', '_effectiveDateTime'].every((name) => resource[name] === undefined)) {
    resource['_effectiveDateTime'] = absent();
  }
}

/** R4 status for what the destination shall do (value sets observation-status and medication-admin-status). */
function applyStatus(resource: Draft, status: ResultStatus, isObservation: boolean, conversion: Conversion): void {
  const sent = resource['status'];
  let wanted = sent;
  if (status === 'D') wanted = 'entered-in-error';
  // `corrected` would hide that a value is still preliminary.
  else if (status === 'C' && isObservation && sent === 'final') wanted = 'corrected';
  if (wanted === sent) return;
  resource['status'] = wanted;
  conversion.changed('status', 'status', 'status');
}

/** Codes that the reader or a code map added stand in front of what was sent. */
function applyCodes(resource: Draft, element: string, { codes, elements }: Reading, conversion: Conversion): void {
  const reference = resource['medicationReference'];
  if (element === 'medicationCodeableConcept' && reference !== undefined) {
    // The Medication is not in the message, and which insulin it was must not be lost.
    resource[element] = { coding: codes.map(coding) };
    delete resource['medicationReference'];
    resource['extension'] = [
      ...list(resource['extension']),
      { url: `${STU3_EXTENSION}MedicationAdministration.medicationReference`, valueReference: reference },
    ];
    conversion.changed('code', element, elements.codes ?? 'medicationReference');
    return;
  }
  const concept = resource[element];
  const sent = isObject(concept) ? list(concept['coding']) : [];
  const added = codes.filter(({ system, code }) => !sent.some((one) => isCoding(one, system, code))).map(coding);
  if (added.length === 0) return;
  resource[element] = { ...(isObject(concept) ? concept : {}), coding: [...added, ...sent] };
  conversion.changed('code', `${element}.coding`, elements.codes ?? element);
}

function isCoding(one: unknown, system: string | undefined, code: string): boolean {
  if (!isObject(one) || one['system'] !== system) return false;
  return one['code'] === code || list(one['extension']).some((own) => isObject(own) && own['valueString'] === code);
}

/** A unit that was converted takes the place of what was sent; where only the UCUM code is missing it is added. */
function applyQuantity(holder: Draft, element: string, reading: Reading, conversion: Conversion, path = element): void {
  const { value, unit, elements, remarks = [] } = reading;
  if (value === undefined || elements.value?.startsWith(path) === false) return;
  const sent = holder[element];
  if (!isObject(sent) || isOther(sent, value)) {
    holder[element] = quantity(value, unit);
    conversion.changed('converted', path, elements.value ?? path);
    if (isObject(sent)) applyRange(holder, reading, conversion);
  } else if (unit !== undefined && (sent['code'] !== unit || sent['system'] !== UCUM)) {
    // The sender's label stays, as in `IU` for `[iU]`; not where Ductus converted and the digits happen to be the same.
    const label = remarks.length > 0 ? unit : (sent['unit'] ?? unit);
    holder[element] = { ...sent, unit: label, system: UCUM, code: unit };
    conversion.changed('unit', path, elements.unit ?? path);
  }
}

const RANGE = /^(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)$/;

/** A range in the old unit beside a value in the new one would be read wrongly. */
function applyRange(holder: Draft, { referenceRange, unit }: Reading, conversion: Conversion): void {
  if (holder['referenceRange'] === undefined) return;
  conversion.changed('converted', 'referenceRange', 'referenceRange');
  if (referenceRange === undefined) {
    delete holder['referenceRange'];
    return;
  }
  const [, low, high] = RANGE.exec(referenceRange) ?? [];
  const [from, to] = [low, high].map((number) =>
    number === undefined ? undefined : quantity({ number, comparator: undefined }, unit),
  );
  holder['referenceRange'] = [
    from === undefined || to === undefined
      ? { text: [referenceRange, unit ?? ''].join(' ').trim() }
      : { low: from, high: to },
  ];
}

function applyDose(resource: Draft, reading: Reading, conversion: Conversion): void {
  if (reading.value === undefined) return;
  const { dosage } = resource;
  const draft: Draft = isObject(dosage) ? { ...dosage } : {};
  const element = reading.insulin?.isRate === true && draft['dose'] === undefined ? 'rateQuantity' : 'dose';
  // A choice has one type: a rate that came as a Ratio stays one.
  if (element === 'rateQuantity' && draft['rateRatio'] !== undefined) return;
  const before = draft[element];
  applyQuantity(draft, element, reading, conversion, `dosage.${element}`);
  if (draft[element] !== before) resource['dosage'] = draft;
}

function isOther(sent: Readonly<Record<string, unknown>>, { number, comparator }: Value): boolean {
  const source = decimalSource(sent['value']);
  return source === undefined || plainDecimal(source) !== number || sent['comparator'] !== comparator;
}

function clockNotes({ start, end }: Reading, zone: TimeZone): string[] {
  const changes = [start, end].flatMap((time) =>
    time?.hasClock === true && time.offsetMinutes === undefined ? (zone.resolve(time.localMs).change ?? []) : [],
  );
  return [...new Set(changes)].map((change) => clockNote(change, zone.name));
}

function clockSource({ elements }: Reading): string[] {
  return elements.start === undefined ? [] : [elements.start];
}

function clockNote(change: ClockChange, timeZone: string): string {
  const why = change === 'repeated' ? 'occurs twice' : 'does not occur';
  return `The device gave this time without an offset. It ${why} in ${timeZone}, where clocks change; it was read with the offset before the change.`;
}

function absent(): Draft {
  return { extension: [{ url: DATA_ABSENT, valueCode: 'unknown' }] };
}
