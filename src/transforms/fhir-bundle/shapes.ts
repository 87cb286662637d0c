/**
 * The elements of FHIR STU3 and R4 that the transform reads, and nothing else: what is not read is not
 * checked, so that a resource with something unusual elsewhere still goes through.
 */
import { z } from 'zod';
import { DuctusError } from '../../domain/errors';
import { decimalSource } from './lossless-json';

/** A string; numbers come marked as such, and are none. */
const string = z.string().refine((value) => decimalSource(value) === undefined, 'must be text');
const text = string.optional();

export const IdentifierShape = z.object({ use: text, system: text, value: text });
export type Identifier = z.infer<typeof IdentifierShape>;

export const ReferenceShape = z.object({ reference: text, identifier: IdentifierShape.optional() });
export type Reference = z.infer<typeof ReferenceShape>;

const CodingShape = z.object({ system: text, code: text, display: text });
export type Coding = z.infer<typeof CodingShape>;

const CodeableConceptShape = z.object({ coding: z.array(CodingShape).optional(), text });

/** What PostgreSQL cannot store (NUL) and what no id has. */
export const CONTROL = /[\u0000-\u001f\u007f]/;
const stored = string.refine((value) => !CONTROL.test(value), 'must be without control characters');

const MetaShape = z.object({
  versionId: stored.optional(),
  lastUpdated: stored.optional(),
  profile: z.array(string).optional(),
});

/** What is read of every resource. `id` may be anything that is not empty. */
export const HeadShape = z.object({
  resourceType: z.string().regex(/^[A-Z][A-Za-z]{1,63}$/),
  id: stored.min(1).optional(),
  meta: MetaShape.optional(),
});
export type Head = z.infer<typeof HeadShape>;

/** What tells a glucose Observation from others. */
export const ObservationKindShape = z.object({ meta: MetaShape.optional(), code: CodeableConceptShape.optional() });
export type ObservationKind = z.infer<typeof ObservationKindShape>;

/** A glucose Observation. STU3 has `comment`, R4 `note` and `effectiveInstant`. */
export const GlucoseShape = ObservationKindShape.extend({
  status: text,
  effectiveDateTime: text,
  effectiveInstant: text,
  effectivePeriod: z.object({ start: text, end: text }).optional(),
  valueQuantity: z
    .object({
      value: z
        .string()
        .refine((value) => decimalSource(value) !== undefined, 'must be a number')
        .optional(),
      comparator: text,
      unit: text,
      system: text,
      code: text,
    })
    .optional(),
  device: ReferenceShape.optional(),
  comment: text,
  note: z.array(z.object({ text })).optional(),
  component: z.array(z.unknown()).optional(),
});
export type Glucose = z.infer<typeof GlucoseShape>;

export const PatientShape = z.object({
  id: text,
  identifier: z.array(IdentifierShape).optional(),
  name: z
    .array(
      z.object({
        use: text,
        text,
        family: text,
        // An array of primitives has null where only an extension stands (FHIR JSON).
        given: z.array(string.nullable()).optional(),
        prefix: z.array(string.nullable()).optional(),
        suffix: z.array(string.nullable()).optional(),
      }),
    )
    .optional(),
  gender: text,
  birthDate: text,
});
export type Patient = z.infer<typeof PatientShape>;

/** Device, DeviceComponent and DeviceMetric. */
export const DeviceShape = z.object({
  id: text,
  identifier: z.union([z.array(IdentifierShape), IdentifierShape]).optional(),
  serialNumber: text,
  udi: z.object({ deviceIdentifier: text }).optional(),
  udiCarrier: z.array(z.object({ deviceIdentifier: text })).optional(),
  source: ReferenceShape.optional(),
  parent: ReferenceShape.optional(),
});

/** Status of resources of any type, for those that are carried as they are. */
export const CarriedShape = z.object({
  status: text,
  effectiveDateTime: text,
  effectivePeriod: z.object({ start: text }).optional(),
});

/**
 * Checks a value and gives back the elements of the shape.
 * @param path element path of the value, as in `Bundle.entry[3].resource`
 * @throws DuctusError DUCTUS_BUNDLE_INVALID that names the element, never its value
 */
export function readShape<T>(shape: z.ZodType<T>, value: unknown, path: string): T {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const inside = (issue?.path ?? []).map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  throw invalid(path + inside.join(''), issue?.message ?? 'is not as FHIR has it');
}

/**
 * Runs what walks through a whole value.
 * @throws DuctusError DUCTUS_BUNDLE_INVALID instead of the RangeError of a full stack
 */
export function withinStack<T>(element: string, walk: () => T): T {
  try {
    return walk();
  } catch (error) {
    throw error instanceof RangeError ? invalid(element, 'is nested too deeply') : error;
  }
}

/** A DUCTUS_BUNDLE_INVALID for an element. */
export function invalid(element: string, problem: string): DuctusError {
  return new DuctusError('DUCTUS_BUNDLE_INVALID', `The bundle cannot be read: ${element}: ${problem}`, {
    details: { element },
  });
}
