/**
 * The one table of errors. `docs/errors.md` is generated from it and a test compares both.
 *
 * `class` decides what Ductus does by itself:
 * - `transient`: nothing happened, a retry is safe;
 * - `ambiguous`: it may have happened; look before sending again (policy of the destination);
 * - `permanent`: the same attempt fails again; the work is parked.
 *
 * `renotification` says what a new notification by Roche does to work parked with this code
 * (ARCHITECTURE §7): `retry` for what was not sent yet, `wait` for what only a person may decide.
 */
export type ErrorClass = 'transient' | 'ambiguous' | 'permanent';

interface ErrorRow {
  readonly class: ErrorClass;
  /** What happened, for a person. */
  readonly title: string;
  /** What the operator does next. */
  readonly nextStep: string;
  /** HTTP status of our own answer, for errors that a caller sees. */
  readonly http?: number;
  readonly renotification: 'retry' | 'wait';
}

const transient = { class: 'transient', renotification: 'retry' } as const;
const permanent = { class: 'permanent', renotification: 'retry' } as const;
const decided = { class: 'permanent', renotification: 'wait' } as const;

export const ERRORS = {
  DUCTUS_REQUEST_INVALID: {
    ...permanent,
    http: 400,
    title: 'The request has an element that is missing or wrong.',
    nextStep: 'The answer names the element; the sender corrects it and sends again.',
  },
  DUCTUS_UNAUTHENTICATED: {
    ...permanent,
    http: 401,
    title: 'The credentials are missing or wrong.',
    nextStep: 'Compare the user name, password and client certificate with the organization in the configuration.',
  },
  DUCTUS_FORBIDDEN: {
    ...permanent,
    http: 403,
    title: 'The caller is known, but may not do this.',
    nextStep: 'Give the operator the right in `operators` of the configuration, or use another account.',
  },
  DUCTUS_ORGANIZATION_UNKNOWN: {
    ...permanent,
    http: 404,
    title: 'No organization with this EmrOid is configured for these credentials.',
    nextStep: 'Add the organization to the configuration, or tell Roche the right EmrOid.',
  },
  DUCTUS_NOT_FOUND: {
    ...permanent,
    http: 404,
    title: 'There is nothing under this address.',
    nextStep: 'Check the path or the id.',
  },
  DUCTUS_STATE_CONFLICT: {
    ...permanent,
    http: 409,
    title: 'The work is not in a state that allows this.',
    nextStep: 'Look at it again (`ductus parked show`); somebody may have repaired it already.',
  },
  DUCTUS_BODY_TOO_LARGE: {
    ...permanent,
    http: 413,
    title: 'The request body is larger than `api.bodyLimitBytes`.',
    nextStep: 'A notification has about 1 kB. Find out what the sender sent.',
  },
  DUCTUS_MEDIA_TYPE_UNSUPPORTED: {
    ...permanent,
    http: 415,
    title: 'The content type is not JSON.',
    nextStep: 'Send application/json.',
  },
  DUCTUS_TEMPORAL_UNAVAILABLE: {
    ...transient,
    http: 503,
    title: 'Temporal could not store the work.',
    nextStep: 'Nothing was taken: the sender repeats. Check that Temporal runs and can be reached.',
  },
  DUCTUS_STORE_UNAVAILABLE: {
    ...transient,
    http: 503,
    title: 'PostgreSQL could not be reached or broke off.',
    nextStep: 'Ductus retries. Check that PostgreSQL runs and can be reached.',
  },
  DUCTUS_INTERNAL: {
    ...permanent,
    http: 500,
    title: 'Something happened that Ductus does not know.',
    nextStep: 'Look for the trace id in the log, retry once, and report the defect.',
  },
  DUCTUS_CONFIG_INVALID: {
    ...permanent,
    title: 'The configuration has a key that is missing or wrong.',
    nextStep: 'The message names the key, its value and what is allowed.',
  },
  DUCTUS_ORGANIZATION_REMOVED: {
    ...permanent,
    title: 'The organization or destination of this work is no longer in the configuration.',
    nextStep: 'Put it back, restart the worker and retry; or discard the work.',
  },
  DUCTUS_NOTIFICATION_CONFLICT: {
    ...decided,
    title: 'Roche used the id of an earlier notification for another file.',
    nextStep: 'Compare both in the trace. `retry` delivers this file as well; `discard` leaves it.',
  },
  DUCTUS_ROCHE_UNREACHABLE: {
    ...transient,
    title: 'The Roche API did not answer, or answered with a server error.',
    nextStep: 'Ductus retries. If it goes on, check the network and the status of the Roche platform.',
  },
  DUCTUS_ROCHE_UNAUTHORIZED: {
    ...permanent,
    title: 'The Roche API refused the client certificate, client id, secret or organization id.',
    nextStep: 'Check `organizations.*.roche` and the expiry of the certificate, then retry.',
  },
  DUCTUS_ROCHE_REJECTED: {
    ...permanent,
    title: 'The Roche API refused the request.',
    nextStep: 'Look at the issue code in the details; correct and retry.',
  },
  DUCTUS_HL7_INVALID: {
    ...permanent,
    http: 400,
    title: 'The HL7 message has a field that is missing or wrong (answered AE).',
    nextStep: 'ERR-2 of the answer names the field; the HIS corrects it and sends again under a new MSH-10.',
  },
  DUCTUS_HL7_UNSUPPORTED: {
    ...permanent,
    http: 422,
    title: 'The type, event, version or processing id of the HL7 message is not taken (answered AR).',
    nextStep:
      'Compare MSH-9, MSH-11 and MSH-12 with `organizations.*.patientSync`; the HIS stops sending it, or the configuration takes it.',
  },
  DUCTUS_CONTROL_ID_REUSED: {
    ...decided,
    http: 409,
    title: 'The HIS used the MSH-10 of an earlier message for other content.',
    nextStep: 'Nothing of it was taken. The HIS sends it under an MSH-10 of its own.',
  },
  DUCTUS_PATIENT_REFUSED: {
    ...decided,
    title: 'Roche refused a patient for the content (required, structure, invalid or too-long).',
    nextStep:
      'The details name the element. The registration desk corrects the patient in the HIS, whose next message goes on by itself; or correct the mapping and retry; or discard.',
  },
  DUCTUS_PATIENT_DUPLICATE: {
    ...decided,
    title: 'Roche has a patient with this identifier or e-mail address that this hospital did not create.',
    nextStep:
      'Find out with Roche which patient it is. Correct the number or the address in the HIS, whose next message goes on by itself; or retry; or discard.',
  },
  DUCTUS_DESK_UNREACHABLE: {
    ...transient,
    title: 'The registration desk could not be told of a patient that Roche refuses (webhook or mail server).',
    nextStep:
      'Ductus tries for a day. Check `patientSync.registrationDesk`; the patients stand in `ductus parked list` all the same.',
  },
  DUCTUS_STS_REFUSED: {
    ...permanent,
    title: 'AWS STS refused to give credentials for the configured role.',
    nextStep: 'Check role, external id, trust policy and the web identity token file, then retry.',
  },
  DUCTUS_S3_UNREACHABLE: {
    ...transient,
    title: 'S3 did not answer, broke off, or answered with a server error.',
    nextStep: 'Ductus retries. If it goes on, check the network and the AWS status.',
  },
  DUCTUS_S3_TOKEN_EXPIRED: {
    ...transient,
    title: 'S3 said that the temporary credentials have expired.',
    nextStep: 'Ductus takes new ones and retries. If it goes on, check the clock of this machine.',
  },
  DUCTUS_S3_ACCESS_DENIED: {
    ...permanent,
    title: 'S3 refused access to the file.',
    nextStep: 'Check that the token names this access point (awsResources), then retry, or ask Roche.',
  },
  DUCTUS_S3_NOT_FOUND: {
    ...permanent,
    title: 'The file named by the notification is not in S3.',
    nextStep: 'Ask Roche; retry when it is there, or discard.',
  },
  DUCTUS_URL_REFUSED: {
    ...permanent,
    title: 'The pre-signed URL is not one that Ductus may call (not https, host not allowed, or a redirect elsewhere).',
    nextStep:
      'If the host is right, add it to `organizations.*.retrieval.allowedHosts` and retry; else discard and tell Roche.',
  },
  DUCTUS_URL_EXPIRED: {
    ...permanent,
    title: 'The pre-signed URL has expired or was refused.',
    nextStep: 'Wait for the next notification by Roche (it brings a new URL and goes on by itself), or ask Roche.',
  },
  DUCTUS_FILE_TOO_LARGE: {
    ...permanent,
    title: 'The file is larger than `retrieval.maxFileBytes`.',
    nextStep: 'Raise the limit if the file is right, then retry.',
  },
  DUCTUS_FILE_INCOMPLETE: {
    ...transient,
    title: 'The file came with another length or checksum than S3 announced.',
    nextStep: 'Ductus fetches it again.',
  },
  DUCTUS_BLOB_MISSING: {
    ...permanent,
    title: 'The fetched file is no longer in the blob store.',
    nextStep: 'Retry from `retrieve`; a redelivery whose first delivery’s files are gone can only be discarded.',
  },
  DUCTUS_BLOB_CORRUPT: {
    ...permanent,
    title: 'The stored file fails its checksum or cannot be decrypted.',
    nextStep: 'Check the key ring and the disk; then retry from `retrieve`.',
  },
  DUCTUS_BLOB_UNAVAILABLE: {
    ...transient,
    title: 'The blob store could not be read or written.',
    nextStep: 'Ductus retries. Check the disk (space, rights) or the bucket and its credentials.',
  },
  DUCTUS_BUNDLE_INVALID: {
    ...permanent,
    title: 'The file is not a FHIR bundle that can be read.',
    nextStep: 'The details name the element. Ask Roche for a corrected file, or discard.',
  },
  DUCTUS_BUNDLE_UNMAPPED: {
    ...permanent,
    title: 'The bundle holds resources that have no mapping, and the policy of the destination is to park.',
    nextStep:
      'Add the mapping, or change `unmapped` of the destination, and retry from `transform`; or skip the resources.',
  },
  DUCTUS_REPORT_INVALID: {
    ...permanent,
    title: 'The report is not a CDA document that can be read.',
    nextStep: 'The details name the element. Ask Roche for a corrected file, or discard.',
  },
  DUCTUS_PATIENT_UNKNOWN: {
    ...permanent,
    title: 'The cross-reference has no number of the hospital for a patient of the file.',
    nextStep:
      '`ductus parked show <work> --patients` names the number. Add the patient (`ductus patients import`), then retry from `transform`; or set `patientIdentity.unknown: as-sent`.',
  },
  DUCTUS_PATIENT_CHANGED: {
    ...decided,
    title: 'The destination has a resource of the file under another patient than the file names now.',
    nextStep:
      '`ductus parked show <work> --patients` names the resources and the patient. If both numbers are one person of the hospital, say so in the cross-reference (`ductus patients import`) and retry from `transform`. Else have the EMR corrected by hand, for both patients; then `skip` leaves these resources out and delivers the rest.',
  },
  DUCTUS_CONSENT_MISSING: {
    ...permanent,
    title:
      'The registry has no consent for a patient of the file, or this hospital did not create the patient at Roche.',
    nextStep:
      'Enter the consent (`ductus patients consent give`), then retry from `transform`; or discard, so that Roche stops.',
  },
  DUCTUS_SITE_MAPPING_FAILED: {
    ...permanent,
    title: 'The mapping module of the site threw an error, or gave something that is no message.',
    nextStep: 'Correct the module (docs/guide/site-mapping.md), restart the worker, and retry from `transform`.',
  },
  DUCTUS_REDELIVERY_CHANGED: {
    ...decided,
    title: 'What would be sent is not what was signed off: the mapping or the data changed since.',
    nextStep:
      'Discard what is parked with it, look at the difference again (`ductus redeliver --diff`) and sign the new one off; or restore the mapping and retry.',
  },
  DUCTUS_EMR_UNREACHABLE: {
    ...transient,
    title: 'The EMR took no connection, so nothing was sent.',
    nextStep: 'Ductus pauses the destination and tries again. Check the EMR interface.',
  },
  DUCTUS_EMR_BUSY: {
    ...transient,
    title: 'The EMR said that it cannot take the message now (AR, CE, or an HTTP status like 429 or 503).',
    nextStep: 'Ductus retries. If it goes on, ask the team of the EMR interface.',
  },
  DUCTUS_EMR_MISCONFIGURED: {
    ...transient,
    title: 'The EMR refused Ductus itself (credentials, address or content type), not the message; nothing was stored.',
    nextStep:
      'Ductus pauses the destination. Correct its `url`, `credentials`, `tls` or `format`, or the EMR, and restart the worker where the configuration changed; it goes on by itself.',
  },
  DUCTUS_EMR_REJECTED: {
    ...decided,
    title: 'The EMR rejected a message for its content (AE or CR, or a status like 422).',
    nextStep:
      'The details name ERR-2 and ERR-3, or the issue of the OperationOutcome. Have the EMR corrected (a patient, a code) and retry; or correct the mapping and retry from `transform`; or skip the resources.',
  },
  DUCTUS_EMR_AMBIGUOUS: {
    class: 'ambiguous',
    renotification: 'wait',
    title: 'A message was sent and no valid answer came: the EMR may or may not have it.',
    nextStep:
      'Look for the MSH-10 in the EMR. `retry` sends it again with the same MSH-10; `skip` treats it as arrived.',
  },
  DUCTUS_ACK_HANDLE_REFUSED: {
    ...permanent,
    title: 'Roche says that the receipt handle is not valid (expired or used).',
    nextStep: 'Nothing: the EMR has the data. If Roche notifies again, Ductus acknowledges with the new handle.',
  },
  DUCTUS_PAYLOAD_TOO_LARGE: {
    ...permanent,
    title: 'A value for Temporal is larger than the limit that Ductus sets.',
    nextStep: 'This is a defect: bodies belong in the blob store. Report it.',
  },
  DUCTUS_CODEC_KEY_MISSING: {
    ...permanent,
    title: 'A payload was encrypted with a key that is not in the key ring.',
    nextStep: 'Put the key with that id back into `encryption.keys`; old keys stay until no history uses them.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** True for a code of the table: narrows what comes out of a Temporal failure or a database column. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}

/** Facts about an error that may be stored and shown: never PHI, never secrets. */
export type SafeDetails = Readonly<Record<string, string | number | boolean>>;

/**
 * An error with a code of the table. The message is for a person and holds no PHI and no secret:
 * it goes to logs, to Temporal and to the operator.
 */
export class DuctusError extends Error {
  override readonly name = 'DuctusError';
  readonly code: ErrorCode;
  readonly details: SafeDetails;
  /** Shortest wait before the next attempt, when the other side named one (Retry-After). */
  readonly retryAfterMs: number | undefined;

  /**
   * @param code code of the table
   * @param what what happened to which thing, in a sentence; the table's title when left out
   * @param options details for the operator, a wait that the other side asked for, the cause (not shown)
   */
  constructor(
    code: ErrorCode,
    what?: string,
    options: { details?: SafeDetails; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(what ?? ERRORS[code].title, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }

  get class(): ErrorClass {
    return ERRORS[this.code].class;
  }
}
