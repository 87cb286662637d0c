/** Which number of a message is the patient's (CX: PID-3, PID-2, PID-4, MRG-1). */
import { isPlainText } from '../../domain/plain-text';
import type { Hl7Field, Hl7Segment } from '../../protocols/hl7-v2/message';
import type { Hl7Location, Hl7Problem, PatientNumber, PatientSyncSettings } from './contract';
import { malformed, missing } from './problems';
import { MAX_NUMBER_LENGTH } from './roche-limits';

export type Identifying = PatientSyncSettings['identifier'];

/** A number with the place where it stands. */
export interface FoundNumber {
  readonly number: PatientNumber;
  readonly field: number;
  readonly raw: string;
}

export type NumberReading =
  { readonly ok: true; readonly found: FoundNumber } | { readonly ok: false; readonly problem: Hl7Problem };

/** Versions in which PID-2 and PID-4 are patient numbers still; v2.3.1 keeps them for backward compatibility only. */
const WITH_OTHER_FIELDS: ReadonlySet<string> = new Set(['2.1', '2.2', '2.3']);

/** Table 0203: numbers of a visit, an account, a person outside of the hospital, or somebody else. */
const NO_PATIENT_NUMBER: ReadonlySet<string> = new Set([
  'AN',
  'VN',
  'SS',
  'DL',
  'PPN',
  'NI',
  'BC',
  'EI',
  'EN',
  'MA',
  'MC',
  'MCN',
]);

/** ID of table 0203, as the patient cross-reference takes it. */
const TYPE_CODE = /^[A-Za-z0-9]{1,5}$/;
const NO_PLAIN_PART = /[|^~\\&\u0000-\u001f\u007f]/;
const MAX_AUTHORITY_LENGTH = 200;

/**
 * The number that survives: of the configured authority and type; without an authority the first of the type, or the
 * only one, when its type does not say that it is something else.
 */
export function readNumber(pid: Hl7Segment, version: string, identifying: Identifying): NumberReading {
  const fields = pid.rawField(3) === '' && WITH_OTHER_FIELDS.has(version) ? [2, 4] : [3];
  for (const field of fields) {
    const candidates = filled(pid, field);
    const chosen = choose(candidates, identifying);
    if (chosen !== undefined) return checked(chosen, { segment: 'PID', sequence: 1, field }, identifying, '');
  }
  return { ok: false, problem: missing({ segment: 'PID', sequence: 1, field: 3 }, NO_NUMBER) };
}

/**
 * The number that ends (MRG-1): one of the survivor's kind. Numbers of another type (PI beside MR) are another series, in
 * which the same digits are somebody else.
 * @param survivor whose authority and type it has where none is written: many systems leave them out here
 */
export function readPriorNumber(mrg: Hl7Segment, survivor: PatientNumber, identifying: Identifying): NumberReading {
  const place: Hl7Location = { segment: 'MRG', sequence: 1, field: 1 };
  const candidates = filled(mrg, 1);
  const { type } = survivor;
  const own = { ...identifying, type };
  const chosen = choose(candidates, own) ?? withoutAuthority(candidates, own);
  if (chosen === undefined || (chosen.type !== '' && chosen.type !== type))
    return { ok: false, problem: missing(place, NO_PRIOR) };
  const reading = checked(chosen, place, identifying, survivor.assigningAuthority, survivor.namespace);
  if (!reading.ok) return reading;
  const { value, namespace } = reading.found.number;
  const other = candidates.find(
    (candidate) =>
      candidate.type === type &&
      candidate.value !== value &&
      (namespaceOf(candidate, identifying) || namespace) === namespace,
  );
  if (other === undefined) return reading;
  return { ok: false, problem: malformed({ ...place, repetition: other.repetition }, SEVERAL_PRIOR) };
}

const NO_NUMBER = 'PID-3 has no patient number of the configured type and authority (CX.5, CX.4)';
const NO_PRIOR = 'MRG-1 has no patient number of the configured type and authority; it is required in a merge (A40)';
const SEVERAL_PRIOR = 'MRG-1 has several patient numbers of the configured type; send a merge for each';
const TOO_LONG = `The patient number has more than ${MAX_NUMBER_LENGTH} characters, the most that Roche takes`;
const NOT_PLAIN = 'The patient number has control characters';

interface Candidate {
  readonly field: Hl7Field;
  readonly position: number;
  readonly repetition: number;
  readonly value: string;
  readonly type: string;
}

function filled(segment: Hl7Segment, position: number): Candidate[] {
  return segment
    .repetitions(position)
    .map((field, at) => ({
      field,
      position,
      repetition: at + 1,
      value: field.standardText(1).trim(),
      type: field.standardText(5).trim(),
    }))
    .filter(({ value }) => value !== '');
}

function choose(candidates: readonly Candidate[], { type, authority }: Identifying): Candidate | undefined {
  if (authority !== undefined) {
    const own = candidates.filter(({ field }) => field.part(4, 1) === authority || field.part(4, 2) === authority);
    return own.find((each) => each.type === type) ?? own.find((each) => each.type === '');
  }
  const typed = candidates.find((each) => each.type === type);
  if (typed !== undefined) return typed;
  const [only, ...others] = candidates;
  return only !== undefined && others.length === 0 && isPatientNumberType(only.type) ? only : undefined;
}

/** With a configured authority: a number that names none. */
function withoutAuthority(candidates: readonly Candidate[], { type }: Identifying): Candidate | undefined {
  const own = candidates.filter(({ field }) => field.text(4) === '');
  return own.find((each) => each.type === type) ?? own.find((each) => each.type === '');
}

function checked(
  candidate: Candidate,
  place: Hl7Location,
  identifying: Identifying,
  defaultAuthority: string,
  defaultNamespace = '',
): NumberReading {
  const { field, position, repetition, value, type } = candidate;
  const location = { ...place, repetition, component: 1 };
  if (value.length > MAX_NUMBER_LENGTH) return { ok: false, problem: malformed(location, TOO_LONG) };
  if (!isPlainText(value)) return { ok: false, problem: malformed(location, NOT_PLAIN) };
  const written = authorityOf(field);
  const number = {
    value,
    namespace: namespaceOf(candidate, identifying) || defaultNamespace,
    assigningAuthority: written === '' ? defaultAuthority : written,
    type: isTypeCode(type) ? type : identifying.type,
  };
  return { ok: true, found: { number, field: position, raw: field.raw } };
}

function namespaceOf({ field }: Candidate, { authority }: Identifying): string {
  return authority ?? (field.part(4, 1).trim() || field.part(4, 2).trim());
}

function authorityOf(field: Hl7Field): string {
  return plainAuthority([1, 2, 3].map((part) => field.part(4, part).trim()));
}

/** True for a code of table 0203 under which a patient number may stand. */
export function isPatientNumberType(type: string): boolean {
  return !NO_PATIENT_NUMBER.has(type);
}

/** True for what can be a code of table 0203. */
export function isTypeCode(type: string): boolean {
  return TYPE_CODE.test(type);
}

/** `NAME` or `NAME&id&type`; '' for one that could not be written into a message to the EMR. */
export function plainAuthority(parts: readonly string[]): string {
  if (parts.some((part) => NO_PLAIN_PART.test(part))) return '';
  const text = parts.join('&').replace(/&+$/, '');
  return text.length > MAX_AUTHORITY_LENGTH ? '' : text;
}
