/** What can be set on the Roche simulator: one schema for code, flags and the JSON file. Sources are in SPECS §1.3–1.4. */
import { z } from 'zod';
import { PATIENT_FAULTS, PatientServicesOptionsSchema } from './patients-options';

/** Names of the faults, each counted. */
export const ROCHE_FAULTS = [
  /** Token API: 500 without a body. */
  'token-500',
  /** Token API: no answer until `tokenTimeoutMs`, then the connection is closed. */
  'token-timeout',
  /** Token API: 401 in the gateway's shape, though the caller is right. */
  'token-401',
  /** S3: SlowDown. */
  's3-503',
  /** S3: the connection breaks in the middle of the body. */
  's3-reset',
  /** S3: half of the body with a Content-Length that fits the half; only the ETag tells. */
  's3-truncated',
  /** S3: the token ends early (temporary credentials only). */
  's3-expired-token',
  /** S3: the pre-signed URL ends early (pre-signed URLs only). */
  's3-expired-url',
  /** ACK: processed, then the connection is closed without an answer. */
  'ack-lost',
  /** ACK: 500, not processed. */
  'ack-500',
  ...PATIENT_FAULTS,
] as const;
export type RocheFault = (typeof ROCHE_FAULTS)[number];

const rate = z.number().min(0).max(1);

/** Share of the requests that meet each fault; what is left out never happens. */
export const FaultRatesSchema = z.partialRecord(z.enum(ROCHE_FAULTS), rate);
export type FaultRates = z.infer<typeof FaultRatesSchema>;

/** Where notifications of an organization go. */
export const CallbackSchema = z.strictObject({
  url: z.url(),
  username: z.string().optional(),
  password: z.string().optional(),
  /** Authority to trust, PEM. */
  ca: z.string().optional(),
  /** Client certificate to present, PEM. */
  cert: z.string().optional(),
  key: z.string().optional(),
});
export type Callback = z.infer<typeof CallbackSchema>;

export const RocheOrganizationSchema = z.strictObject({
  emrOid: z.string().min(1),
  clientId: z.string().min(1),
  clientSecret: z.string().min(1),
  callback: CallbackSchema.optional(),
  /** Name of its own access point; default: the shared one. */
  accessPoint: z.string().optional(),
});
export type RocheOrganization = z.infer<typeof RocheOrganizationSchema>;

export const RocheOptionsSchema = z.strictObject({
  /** Seed of every decision; default: a random one, see `stats().seed`. */
  seed: z.number().int().optional(),
  organizations: z.array(RocheOrganizationSchema).min(1),
  servicesPort: z.number().int().min(0).max(65535).default(0),
  s3Port: z.number().int().min(0).max(65535).default(0),
  s3Tls: z.boolean().default(true),
  s3EndpointHost: z.string().default('localhost'),
  region: z.string().default('eu-central-1'),
  account: z.string().default('000000000000'),
  accessPoint: z.string().default('ductus-demo'),
  bucket: z.string().default('simulated-roche-delivery'),
  /** Life time of temporary credentials. Roche documents none; one hour is the least that STS gives by default. */
  credentialLifetimeMs: z
    .number()
    .int()
    .default(60 * 60 * 1000),
  presignedUrlLifetimeSeconds: z.number().int().positive().default(3600),
  /** Key of the URL in `MessageReference`: not in Roche's public guide. */
  presignedUrlKey: z.string().default('preSignedUrl'),
  /** After this a receipt handle is refused; default: never. */
  receiptHandleLifetimeMs: z.number().positive().optional(),
  /** Whether handles of earlier notifications stay valid when a newer one was given out. */
  acceptOlderReceiptHandles: z.boolean().default(false),
  /** Roche repeats 3 times, 30 minutes apart. */
  renotifications: z.number().int().min(0).default(3),
  renotifyAfterMs: z
    .number()
    .int()
    .positive()
    .default(30 * 60 * 1000),
  /** Roche: up to 2 % of the notifications come twice. */
  duplicateRate: rate.default(0.02),
  /** Whether a notification that was not answered with 2xx is sent again soon, until it is. */
  retryUnanswered: z.boolean().default(false),
  retryUnansweredAfterMs: z.number().int().positive().default(1000),
  notifyTimeoutMs: z.number().int().positive().default(10_000),
  /** How long `token-timeout` holds a request. */
  tokenTimeoutMs: z.number().int().positive().default(60_000),
  /** Drops a file once its notification is acknowledged, for long runs. */
  forgetAcknowledged: z.boolean().default(false),
  faults: FaultRatesSchema.default({}),
  /** The patient services. */
  patients: PatientServicesOptionsSchema.prefault({}),
});
export type RocheOptions = z.input<typeof RocheOptionsSchema>;
export type RocheSettings = z.output<typeof RocheOptionsSchema>;
