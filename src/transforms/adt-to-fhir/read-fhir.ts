/** A Patient, or a Bundle of Patient and Condition, read to where it can be taken. */
import { canonicalJson } from '../fhir-bundle/lossless-json';
import { parseFhirTime } from '../model/time';
import type { FhirReading, PatientSyncSettings, ReadChange } from './contract';
import { readFhirDiagnosis } from './fhir-condition-rules';
import { issue } from './fhir-issue';
import { readFhirParts, type FhirParts } from './fhir-record';
import { instantOf } from './times';

/** Nobody reads more, and a list of a million wrong elements makes no answer of a million issues. */
const MOST_ISSUES = 50;

/**
 * What it gives as content, read again, gives the same.
 * @param value as parsed from JSON
 * @param event `fhir-create` for a POST: a new patient may need a diagnosis (`requireCondition`)
 * @returns the change, or the issues of an OperationOutcome; never throws
 */
export function readFhir(
  value: unknown,
  version: 'R4' | 'STU3',
  settings: PatientSyncSettings,
  event: 'fhir-create' | 'fhir-update' = 'fhir-update',
): FhirReading {
  const reading = readFhirParts(value, settings);
  if (!reading.ok) return { ok: false, refusal: { issues: reading.issues.slice(0, MOST_ISSUES) } };
  const { parts } = reading;
  const isDiabetic = parts.conditions.some((condition) => readFhirDiagnosis(condition, settings)?.kind === 'active');
  if (settings.requireCondition && event === 'fhir-create' && !isDiabetic) {
    const missing = issue('required', 'Bundle.entry', 'has no active Condition of diabetes; a new patient needs one');
    return { ok: false, refusal: { issues: [missing] } };
  }
  const time = parseFhirTime(parts.patient.meta?.lastUpdated ?? '');
  const change: ReadChange = {
    event,
    kind: 'upsert',
    controlId: '',
    ...(time === undefined ? {} : { eventAtMs: instantOf(time, settings.timeZone) }),
    number: parts.number,
    content: { form: 'fhir', version, json: contentOf(parts) },
  };
  return { ok: true, change };
}

/** The elements that are read, and of the identifiers the patient's number alone. */
function contentOf({ patient, fullUrl, identifier, conditions }: FhirParts): string {
  return canonicalJson(
    withoutUndefined({
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        { fullUrl, resource: { ...patient, identifier: [identifier] } },
        ...conditions.map((resource) => ({ resource })),
      ],
    }),
  );
}

/** An optional element that zod has set to undefined. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, element]) => element !== undefined)
      .map(([name, element]) => [name, withoutUndefined(element)]),
  );
}
