/**
 * The elements of Patient and Condition that are read, in STU3 and R4. All others fall away here: what is stored of a
 * patient is what is sent of him.
 */
import { z } from 'zod';

const text = z.string().optional();

const Coding = z.object({ system: text, code: text, display: text });
const Concept = z.object({ coding: z.array(Coding).optional(), text });
/** A code in STU3, a concept in R4. */
const Status = z.union([z.string(), Concept]).optional();
export type Status = z.infer<typeof Status>;

const Identifier = z.object({
  use: text,
  type: Concept.optional(),
  system: text,
  value: text,
  assigner: z.object({ display: text }).optional(),
});
export type FhirIdentifier = z.infer<typeof Identifier>;

const Name = z.object({
  use: z.enum(['usual', 'official', 'temp', 'nickname', 'anonymous', 'old', 'maiden']).optional(),
  family: text,
  // An array of primitives has null where only an extension stands (FHIR JSON).
  given: z.array(z.string().nullable()).optional(),
  prefix: z.array(z.string().nullable()).optional(),
  suffix: z.array(z.string().nullable()).optional(),
});
export type FhirName = z.infer<typeof Name>;

const Contact = z.object({
  system: z.enum(['phone', 'fax', 'email', 'pager', 'url', 'sms', 'other']).optional(),
  value: text,
  use: z.enum(['home', 'work', 'temp', 'old', 'mobile']).optional(),
});

const FhirAddress = z.object({
  use: z.enum(['home', 'work', 'temp', 'old', 'billing']).optional(),
  type: z.enum(['postal', 'physical', 'both']).optional(),
  text,
  line: z.array(z.string().nullable()).optional(),
  city: text,
  district: text,
  state: text,
  postalCode: text,
  country: text,
});

export const FhirPatientShape = z.object({
  resourceType: z.literal('Patient'),
  id: text,
  meta: z.object({ lastUpdated: text }).optional(),
  active: z.boolean().optional(),
  identifier: z.array(Identifier).optional(),
  name: z.array(Name).optional(),
  telecom: z.array(Contact).optional(),
  gender: z.enum(['male', 'female', 'other', 'unknown']).optional(),
  birthDate: text,
  deceasedBoolean: z.boolean().optional(),
  deceasedDateTime: text,
  address: z.array(FhirAddress).optional(),
  maritalStatus: Concept.optional(),
  multipleBirthBoolean: z.boolean().optional(),
  multipleBirthInteger: z.number().int().positive().optional(),
  communication: z.array(z.object({ language: Concept.optional() })).optional(),
});
export type FhirPatient = z.infer<typeof FhirPatientShape>;

export const FhirConditionShape = z.object({
  resourceType: z.literal('Condition'),
  clinicalStatus: Status,
  verificationStatus: Status,
  code: Concept.optional(),
  subject: z.object({ reference: text, identifier: z.object({ system: text, value: text }).optional() }).optional(),
  onsetDateTime: text,
  /** STU3. */
  assertedDate: text,
  /** R4. */
  recordedDate: text,
});
export type FhirCondition = z.infer<typeof FhirConditionShape>;

export const FhirBundleShape = z.object({
  resourceType: z.literal('Bundle'),
  entry: z.array(z.object({ fullUrl: text, resource: z.unknown().optional() })).optional(),
});

/** What is read of any resource first. */
export const FhirHeadShape = z.object({ resourceType: z.string() });
