/** What Roche answers to a create and to a look-up (SPECS §1.2): only ids and identifiers are read. */
import { z } from 'zod';
import { parseJson } from './error-body';

/** What Roche called a new patient. */
export interface CreatedPatient {
  /** Logical id (`Bj6.1Lq-hvb-28`); under v1 it can be the identifier's value. */
  readonly patientId: string;
  readonly bundleId?: string;
}

/** The patient's number at Roche: Patient.identifier. */
export interface PatientIdentifier {
  readonly system: string;
  readonly value: string;
}

/** What a look-up found. */
export type Found =
  { readonly kind: 'one'; readonly patientId: string } | { readonly kind: 'none' | 'several' | 'others' | 'unusable' };

/** FHIR's ids have 64 characters at most; under v1 it can be a number of the hospital, which has no such form. */
const IdSchema = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\u0000-\u001f\u007f]*$/);

const PatientSchema = z.object({
  resourceType: z.literal('Patient'),
  id: IdSchema,
  identifier: z
    .array(z.object({ system: z.string().optional(), value: z.string().optional() }))
    .optional()
    .catch(undefined),
});
const NamedSchema = z.object({ resourceType: z.literal('Patient') });
type Patient = z.infer<typeof PatientSchema>;

const BundleSchema = z.object({
  resourceType: z.literal('Bundle'),
  id: IdSchema.optional().catch(undefined),
  total: z.number().optional().catch(undefined),
  entry: z.array(z.object({ resource: z.unknown().optional() })).default([]),
});

/** @returns undefined when the body does not say the patient's id */
export function readCreated(body: Buffer): CreatedPatient | undefined {
  const { patients, bundleId } = read(body);
  const [patient] = patients;
  if (patient === undefined || patients.length > 1) return undefined;
  return { patientId: patient.id, ...(bundleId === undefined ? {} : { bundleId }) };
}

/**
 * @param identifier what was asked for: a patient with other identifiers is not taken for it
 */
export function readFound(body: Buffer, identifier: PatientIdentifier): Found {
  const { patients, known } = read(body);
  if (!known) return { kind: 'unusable' };
  const [first] = patients;
  if (first === undefined) return { kind: 'none' };
  const ids = new Set(patients.filter((patient) => matches(patient, identifier)).map((patient) => patient.id));
  const [patientId] = ids;
  if (patientId === undefined) return { kind: 'others' };
  return ids.size === 1 ? { kind: 'one', patientId } : { kind: 'several' };
}

/** By identifier; where Roche shows none, by id, as v1 has it. */
function matches(patient: Patient, { system, value }: PatientIdentifier): boolean {
  if (patient.identifier === undefined || patient.identifier.length === 0) return patient.id === value;
  return patient.identifier.some((one) => one.value === value && (one.system ?? system) === system);
}

interface Read {
  readonly patients: readonly Patient[];
  readonly bundleId?: string | undefined;
  /** The body is a Patient, or a Bundle whose patients can be read. */
  readonly known: boolean;
}

function read(body: Buffer): Read {
  const json = parseJson(body);
  const single = PatientSchema.safeParse(json);
  if (single.success) return { patients: [single.data], known: true };
  const bundle = BundleSchema.safeParse(json);
  if (!bundle.success) return { patients: [], known: false };
  const { id, entry, total = 0 } = bundle.data;
  const named = entry.filter(({ resource }) => NamedSchema.safeParse(resource).success);
  const patients = named
    .map(({ resource }) => PatientSchema.safeParse(resource))
    .flatMap((result) => (result.success ? [result.data] : []));
  // A patient that cannot be read, or is said to be there and is not, must not pass for none.
  const known = patients.length === named.length && (patients.length > 0 || total === 0);
  return { patients, bundleId: id, known };
}
