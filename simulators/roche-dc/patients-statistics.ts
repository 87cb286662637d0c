/** What the patient services of the Roche simulator have seen: a run is judged by this, not by what Ductus says of itself. */
import { z } from 'zod';
import { PATIENT_FAULTS } from './patients-options';

const IdentifierSchema = z.object({ system: z.string(), value: z.string() });
const ResourcesSchema = z.array(z.record(z.string(), z.unknown()));

export const PATIENT_OPERATIONS = ['create', 'update'] as const;
export type PatientOperation = (typeof PATIENT_OPERATIONS)[number];

/** A create or an update that was stored. */
export const AcceptedRequestSchema = z.object({
  /** Place in the order in which they were stored, from 1. */
  seq: z.number().int(),
  operation: z.enum(PATIENT_OPERATIONS),
  apiVersion: z.enum(['v1', 'v2']),
  emrOid: z.string(),
  patientId: z.string(),
  identifier: IdentifierSchema,
  /** SHA-256 of system and value. */
  identifierHash: z.string(),
  /** Patient and Conditions as they came. */
  resources: ResourcesSchema,
  /** SHA-256 of them. */
  contentHash: z.string(),
  originRequestId: z.string(),
  receivedAtMs: z.number(),
  storedAtMs: z.number(),
  /** When a success was answered; missing when the answer was a fault, or the caller had gone. */
  answeredAtMs: z.number().optional(),
  fault: z.enum(PATIENT_FAULTS).optional(),
});
export type AcceptedRequest = z.infer<typeof AcceptedRequestSchema>;

/** A create or an update that was refused for what it said of the patient; nothing is stored. */
export const RefusedRequestSchema = z.object({
  operation: z.enum(PATIENT_OPERATIONS),
  emrOid: z.string(),
  /** Issue code of the OperationOutcome. */
  code: z.string(),
  /** FHIRPath of the element. */
  expression: z.string(),
  refusedAtMs: z.number(),
});
export type RefusedRequest = z.infer<typeof RefusedRequestSchema>;

export const StoredPatientSchema = z.object({
  patientId: z.string(),
  emrOid: z.string(),
  identifier: IdentifierSchema,
  resources: ResourcesSchema,
  creates: z.number().int(),
  updates: z.number().int(),
});
export type StoredPatient = z.infer<typeof StoredPatientSchema>;

export const PatientTotalsSchema = z.object({
  patients: z.number().int(),
  /** Stored. */
  creates: z.number().int(),
  updates: z.number().int(),
  /** Updates with the very content that was there: after an answer that did not arrive, or for nothing. */
  unchanged: z.number().int(),
  /** Creates refused since the number was there. */
  refusedCreates: z.number().int(),
  /** Requests that came while another one about the same patient was under way. */
  overlapping: z.number().int(),
  /** All requests by service and status, as `create 200`; `create none` without an answer. */
  answers: z.record(z.string(), z.number().int()),
});
export type PatientTotals = z.infer<typeof PatientTotalsSchema>;

export const PatientStatsSchema = z.object({
  totals: PatientTotalsSchema,
  patients: z.array(StoredPatientSchema),
  accepted: z.array(AcceptedRequestSchema),
  /** Faults are not among them. */
  refused: z.array(RefusedRequestSchema),
});
export type PatientStats = z.infer<typeof PatientStatsSchema>;
