/** One FHIR request from bytes to OperationOutcome. Never throws for what was sent, and says which element is wrong. */
import { randomUUID } from 'node:crypto';
import { DuctusError, ERRORS, type ErrorCode } from '../../domain/errors';
import { readFhir, type FhirIssue } from '../../transforms/adt-to-fhir';
import type { Arrival, HisOrganization, PatientSyncDoor } from './door';
import { isTooMuch } from './receive-hl7';
import { takeChange } from './take-change';

export interface FhirRequest {
  readonly operation: 'create' | 'update' | 'bundle';
  readonly version: 'R4' | 'STU3';
  readonly bytes: Buffer;
  /** SHA-256 of the bytes, hexadecimal. */
  readonly digest: string;
  /** `X-Request-Id`. */
  readonly requestId: string | undefined;
  /** Of the address, for an update. */
  readonly id: string | undefined;
}

export interface FhirAnswer {
  readonly status: number;
  readonly body: FhirOutcome;
}

/** An OperationOutcome (https://hl7.org/fhir/R4/operationoutcome.html). */
interface FhirOutcome {
  readonly resourceType: 'OperationOutcome';
  readonly issue: readonly {
    readonly severity: 'information' | 'error';
    readonly code: string;
    readonly diagnostics: string;
    readonly expression?: readonly string[];
  }[];
}

/**
 * Takes the patient of a request. 202 and not 201: the resource is not stored here but on its way to Roche
 * (https://hl7.org/fhir/R4/http.html#Status-Codes).
 */
export async function receiveFhir(
  door: PatientSyncDoor,
  his: HisOrganization,
  arrival: Arrival,
  request: FhirRequest,
): Promise<FhirAnswer> {
  const { operation, version, bytes, digest, requestId } = request;
  const value = parse(bytes);
  if (value === undefined) return refused([issue('structure', 'The body is no JSON in UTF-8.')], 400);
  const wrong = wrongFor(request, value.json);
  if (wrong !== undefined) return refused([wrong], 400);
  const reading = readFhir(value.json, version, his.settings);
  if (!reading.ok) return refused(reading.refusal.issues);
  const { change } = reading;
  const event = operation === 'create' ? 'fhir-create' : operation === 'update' ? 'fhir-update' : change.event;
  // Without an id of the sender: a version that says when it was made is the same when it comes again. Any other is new
  // work, since a patient may well get an earlier address back, in the same bytes.
  const controlId = requestId ?? (change.eventAtMs === undefined ? randomUUID() : digest);
  try {
    const taken = await takeChange(door, his, arrival, { controlId, digest }, { ...change, event, controlId });
    if (taken !== 'conflict') return accepted(taken);
    return failure('DUCTUS_CONTROL_ID_REUSED', 'X-Request-Id was used for another request before; nothing was taken.');
  } catch (error) {
    if (isTooMuch(error))
      return refused([issue('too-long', 'What the resource says of the patient is longer than can be taken.')]);
    const { organization } = his;
    const { source, connection } = arrival;
    const code = error instanceof DuctusError ? error.code : 'DUCTUS_INTERNAL';
    door.logger.error({ code, organization, source, connection, err: error }, 'a message of the HIS was not stored');
    return failure(
      'DUCTUS_TEMPORAL_UNAVAILABLE',
      'The request could not be stored; nothing of it was taken. Try again.',
    );
  }
}

function parse(bytes: Buffer): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch {
    return undefined;
  }
}

/** What the address asks of the body, beside what the reading asks of it. */
function wrongFor({ operation, id }: FhirRequest, value: unknown): FhirIssue | undefined {
  const { resourceType, id: own } = typeof value === 'object' && value !== null ? fieldsOf(value) : {};
  const wanted = operation === 'bundle' ? 'Bundle' : 'Patient';
  if (resourceType !== wanted) return issue('invalid', `This address takes a ${wanted}.`, 'resourceType');
  if (operation !== 'update' || own === id) return undefined;
  return issue(own === undefined ? 'required' : 'invalid', 'The id has to be that of the address.', 'Patient.id');
}

function fieldsOf(value: object): { readonly resourceType?: unknown; readonly id?: unknown } {
  return value;
}

function issue(code: FhirIssue['code'], diagnostics: string, expression?: string): FhirIssue {
  return { severity: 'error', code, diagnostics, expression: expression === undefined ? [] : [expression] };
}

function accepted(taken: 'stored' | 'repeat'): FhirAnswer {
  const diagnostics =
    taken === 'stored' ? 'Taken; it goes to Roche in its turn.' : 'Taken before under this id; nothing new happens.';
  return { status: 202, body: outcomeOf([{ severity: 'information', code: 'informational', diagnostics }]) };
}

/**
 * 400 for what is no such resource or stands under the wrong address, 422 for one that cannot be used
 * (https://hl7.org/fhir/R4/http.html#create).
 */
function refused(
  issues: readonly FhirIssue[],
  status = issues.some(({ code }) => code === 'structure') ? 400 : 422,
): FhirAnswer {
  return {
    status,
    body: outcomeOf(
      issues.map(({ expression, ...rest }) => ({ ...rest, ...(expression.length === 0 ? {} : { expression }) })),
    ),
  };
}

function failure(code: ErrorCode, diagnostics: string): FhirAnswer {
  const row = ERRORS[code];
  const status = 'http' in row ? row.http : 500;
  return {
    status,
    body: outcomeOf([{ severity: 'error', code: status === 409 ? 'conflict' : 'transient', diagnostics }]),
  };
}

function outcomeOf(issues: FhirOutcome['issue']): FhirOutcome {
  return { resourceType: 'OperationOutcome', issue: issues };
}
