/** What can be set on the patient services of the Roche simulator. Sources are in SPECS §1.1–1.2. */
import { z } from 'zod';

/** Faults of the patient services. Nothing is stored unless the name says so. */
export const PATIENT_FAULTS = [
  /** OperationOutcomes about content that is right, 400. */
  'patient-required',
  'patient-structure',
  'patient-invalid',
  'patient-too-long',
  /** OperationOutcomes of an outage, 500. */
  'patient-timeout',
  'patient-exception',
  /** 500 and 501 without a body. */
  'patient-500',
  'patient-501',
  /** With Retry-After. */
  'patient-429',
  'patient-503',
  /** The gateway's shape, though the caller is right; the last one without a body. */
  'patient-401',
  'patient-403',
  'patient-403-empty',
  /** No answer for `holdMs`, then the connection is closed. */
  'patient-hang',
  /** The connection is closed at once. */
  'patient-cut',
  /** Stored and answered, after the worst documented time. */
  'patient-slow',
  /** Stored, then no answer. */
  'patient-stored-hang',
  /** Stored, then the connection is closed. */
  'patient-stored-cut',
  /** Stored, then OperationOutcome `timeout`, 500. */
  'patient-stored-timeout',
  /** Stored, then 200 without a body; of an update that is the right answer. */
  'patient-stored-empty',
  /** Look-ups: 500 without a body; no answer. */
  'patient-lookup-500',
  'patient-lookup-hang',
] as const;
export type PatientFault = (typeof PATIENT_FAULTS)[number];

/** Times of the two services by Roche's public guide (seed; SPECS §1.2), milliseconds. */
export const DOCUMENTED_TIMES = {
  create: { meanMs: 1507.17, worstMs: 10_000 },
  update: { meanMs: 1950.07, worstMs: 4_000 },
} as const;

export const PatientServicesOptionsSchema = z.strictObject({
  port: z.number().int().min(0).max(65535).default(0),
  /** Times are the documented ones times this; 0: at once. */
  latencyScale: z.number().min(0).default(1),
  /** Seconds of Retry-After. */
  retryAfterSeconds: z.number().int().min(0).default(1),
  /** How long a request without an answer is held. */
  holdMs: z.number().int().positive().default(60_000),
  /** `Patient.identifier.system` that are taken; the third is the sandbox's. */
  systems: z
    .array(z.string())
    .min(1)
    .default(['urn:oid:1.3.6.1.4.1.56221.2.2', 'urn:oid:2.16.724.4.41', 'urn:oid:1.3.6.1.4.1.56221.1.3.2.3']),
  /** Whether a Bundle without a Condition is refused: the guide's versions differ. */
  requireCondition: z.boolean().default(false),
});
export type PatientServicesSettings = z.output<typeof PatientServicesOptionsSchema>;
