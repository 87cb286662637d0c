/**
 * The elements of FHIR STU3 and R4 that the transform reads, and nothing else: what is not read is not
 * checked, so that a resource with something unusual elsewhere still goes through.
 */
import { z } from 'zod';
import { DuctusError } from '../../domain/errors';
import { isDecimal, isText } from './lossless-json';

/** A string; numbers may come marked as such, and are none. */
const string = z.string().refine(isText, 'must be text');
const text = string.optional();

export const IdentifierShape = z.object({ use: text, system: text, value: text });
export type Identifier = z.infer<typeof IdentifierShape>;

export const ReferenceShape = z.object({ reference: text, identifier: IdentifierShape.optional() });
export type Reference = z.infer<typeof ReferenceShape>;

export const CodingShape = z.object({ system: text, code: text, display: text });
export type Coding = z.infer<typeof CodingShape>;

export const ConceptShape = z.object({ coding: z.array(CodingShape).optional(), text });
export type Concept = z.infer<typeof ConceptShape>;

export const QuantityShape = z.object({
  value: z.custom<number | string>(isDecimal, 'must be a number').optional(),
  comparator: text,
  unit: text,
  system: text,
  code: text,
});
export type Quantity = z.infer<typeof QuantityShape>;

const PeriodShape = z.object({ start: text, end: text });
export type Period = z.infer<typeof PeriodShape>;

/** What PostgreSQL cannot store (NUL) and what no id has. */
export const CONTROL = /[\u0000-\u001f\u007f]/;
const stored = string.refine((value) => !CONTROL.test(value), 'must be without control characters');

const MetaShape = z.object({
  versionId: stored.optional(),
  lastUpdated: stored.optional(),
  profile: z.array(string).optional(),
});

export const RESOURCE_TYPE = /^[A-Z][A-Za-z]{1,63}$/;

/** What is read of every resource. `id` may be anything that is not empty. */
export const HeadShape = z.object({
  resourceType: z.string().regex(RESOURCE_TYPE),
  id: stored.min(1).optional(),
  meta: MetaShape.optional(),
});
export type Head = z.infer<typeof HeadShape>;

/** What an Observation and a MedicationAdministration have in common; STU3 and R4 have the same here. */
const EventShape = z.object({
  meta: MetaShape.optional(),
  status: text,
  effectiveDateTime: text,
  effectivePeriod: PeriodShape.optional(),
  note: z.array(z.object({ text })).optional(),
});
export type Event = z.infer<typeof EventShape>;

/** What tells an Observation of one kind from others. */
export const ObservationKindShape = z.object({ meta: MetaShape.optional(), code: ConceptShape.optional() });
export type ObservationKind = z.infer<typeof ObservationKindShape>;

/** An Observation with a quantity. STU3 has `comment`, R4 `note` and `effectiveInstant`. */
export const ObservationShape = EventShape.extend({
  code: ConceptShape.optional(),
  effectiveInstant: text,
  valueQuantity: QuantityShape.optional(),
  device: ReferenceShape.optional(),
  comment: text,
  component: z.array(z.unknown()).optional(),
});
export type Observation = z.infer<typeof ObservationShape>;

/** What tells insulin from other medication. */
export const MedicationKindShape = z.object({
  meta: MetaShape.optional(),
  medicationCodeableConcept: ConceptShape.optional(),
  medicationReference: ReferenceShape.optional(),
});
export type MedicationKind = z.infer<typeof MedicationKindShape>;

/** `rateSimpleQuantity` is STU3's name of `rateQuantity`, `notGiven` its way to say R4's status `not-done`. */
export const AdministrationShape = EventShape.extend({
  ...MedicationKindShape.shape,
  notGiven: z.boolean().optional(),
  dosage: z
    .object({
      dose: QuantityShape.optional(),
      rateQuantity: QuantityShape.optional(),
      rateSimpleQuantity: QuantityShape.optional(),
      rateRatio: z.object({ numerator: QuantityShape.optional(), denominator: QuantityShape.optional() }).optional(),
    })
    .optional(),
});
export type Administration = z.infer<typeof AdministrationShape>;
export type Dosage = NonNullable<Administration['dosage']>;

export const MedicationShape = z.object({ code: ConceptShape.optional() });

export const PatientShape = z.object({
  id: text,
  // A type that is not as FHIR has it says nothing, and keeps nobody from being found.
  identifier: z.array(IdentifierShape.extend({ type: ConceptShape.optional().catch(undefined) })).optional(),
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

const UdiShape = z.object({ deviceIdentifier: text, name: text, carrierHRF: text });

/** Device, DeviceComponent and DeviceMetric: what says which one it is and where it leads. */
export const DeviceShape = z.object({
  id: text,
  identifier: z.union([z.array(IdentifierShape), IdentifierShape]).optional(),
  serialNumber: text,
  udi: UdiShape.optional(),
  udiCarrier: z.array(UdiShape).optional(),
  source: ReferenceShape.optional(),
  parent: ReferenceShape.optional(),
});
export type Device = z.infer<typeof DeviceShape>;

/** What a Device says about itself: STU3 `model` and `version`, R4 `modelNumber`, `deviceName` and a list of versions. */
export const DeviceDetailsShape = DeviceShape.extend({
  status: text,
  type: ConceptShape.optional(),
  manufacturer: text,
  model: text,
  modelNumber: text,
  deviceName: z.array(z.object({ name: text })).optional(),
  version: z.union([string, z.array(z.object({ type: ConceptShape.optional(), value: text }))]).optional(),
});

/** What a DeviceComponent (STU3) adds to its device. */
export const ComponentShape = z.object({
  productionSpecification: z.array(z.object({ specType: ConceptShape.optional(), productionSpec: text })).optional(),
});

export const MetricShape = z.object({ type: ConceptShape.optional(), unit: ConceptShape.optional() });

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
