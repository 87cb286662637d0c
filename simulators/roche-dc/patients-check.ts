/**
 * Checks a Bundle of the patient services as Roche's documentation has it (SPECS §1.2): STU3, message, mandatory elements,
 * known systems, length of the number. What Roche does not document is not checked.
 */
import { z } from 'zod';

/** Why a Bundle is refused, in FHIR's issue codes. */
export interface ContentIssue {
  readonly code: 'required' | 'structure' | 'invalid' | 'too-long';
  readonly expression: string;
  readonly text: string;
}

/** A Bundle that is right. */
export interface PatientContent {
  readonly identifier: { readonly system: string; readonly value: string };
  readonly emails: readonly string[];
  /** Patient and Conditions as they came. */
  readonly resources: readonly Record<string, unknown>[];
}

const PROFILES = 'http://roche.com/fhir/rdc/StructureDefinition/';
/** SPECS §1.2. */
const LONGEST_IDENTIFIER = 64;

const text = z.string().min(1);
const profiles = (name: string): z.ZodType =>
  z.object({ profile: z.array(text).refine((all) => all.includes(`${PROFILES}${name}`), `not ${name}`) });
const coding = z.object({ system: text, code: text });

const HeaderSchema = z.object({
  meta: profiles('message-header'),
  event: z.object({
    system: z.literal('http://roche.com/fhir/rdc/message-type'),
    code: z.literal('new-bundle'),
  }),
  timestamp: z.iso.datetime({ offset: true }),
  source: z.object({ endpoint: text }),
});

const PatientSchema = z.object({
  meta: profiles('patient-v2'),
  identifier: z.array(z.object({ system: text, value: text })).min(1),
  name: z.array(z.object({ family: text, given: z.array(text).min(1) })).min(1),
  telecom: z
    .array(z.object({ system: z.enum(['phone', 'fax', 'email', 'pager', 'url', 'sms', 'other']), value: text }))
    .default([]),
  gender: z.enum(['male', 'female', 'other', 'unknown']).optional(),
  birthDate: z
    .string()
    .regex(/^\d{4}(-\d{2}(-\d{2})?)?$/)
    .optional(),
});

const ConditionSchema = z.object({
  meta: profiles('condition'),
  // A code in STU3; a CodeableConcept from R4 on.
  clinicalStatus: z.enum(['active', 'recurrence', 'inactive', 'remission', 'resolved']),
  code: z.object({ coding: z.array(coding).min(1) }),
  subject: z.object({ reference: text }),
});

const EntrySchema = z.object({ fullUrl: text.optional(), resource: z.looseObject({ resourceType: text }) });
const BundleSchema = z.object({
  resourceType: z.literal('Bundle'),
  type: z.literal('message'),
  entry: z.array(EntrySchema).min(1),
});

export interface CheckOptions {
  readonly systems: readonly string[];
  readonly requireCondition: boolean;
}

/** @param body the request's body as it came */
export function checkPatientBundle(body: string, options: CheckOptions): PatientContent | ContentIssue {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { code: 'structure', expression: 'Bundle', text: 'The body is not valid JSON.' };
  }
  const bundle = BundleSchema.safeParse(json);
  if (!bundle.success) {
    return issueOf(bundle.error, 'Bundle');
  }
  const { entry } = bundle.data;
  const of = (type: string): z.infer<typeof EntrySchema>['resource'][] =>
    entry.map(({ resource }) => resource).filter(({ resourceType }) => resourceType === type);
  if (entry[0]?.resource.resourceType !== 'MessageHeader') {
    return missing('MessageHeader');
  }
  const [patientResource, second] = of('Patient');
  if (patientResource === undefined || second !== undefined) {
    return patientResource === undefined
      ? missing('Patient')
      : { code: 'invalid', expression: 'Bundle.entry', text: 'The Bundle has several patients.' };
  }
  const conditions = of('Condition');
  if (options.requireCondition && conditions.length === 0) {
    return missing('Condition');
  }
  const header = HeaderSchema.safeParse(entry[0].resource);
  const patient = PatientSchema.safeParse(patientResource);
  if (!header.success) {
    return issueOf(header.error, 'MessageHeader');
  }
  if (!patient.success) {
    return issueOf(patient.error, 'Patient');
  }
  for (const condition of conditions) {
    const checked = ConditionSchema.safeParse(condition);
    if (!checked.success) {
      return issueOf(checked.error, 'Condition');
    }
  }
  const identifier = patient.data.identifier.find(({ system }) => options.systems.includes(system));
  if (identifier === undefined) {
    return invalid('Patient.identifier.system', 'is not one of an assigning authority that is known');
  }
  if (identifier.value.length > LONGEST_IDENTIFIER) {
    const expression = 'Patient.identifier.value';
    return { code: 'too-long', expression, text: `${expression} has more than ${LONGEST_IDENTIFIER} characters.` };
  }
  const emails = patient.data.telecom.filter(({ system }) => system === 'email').map(({ value }) => value);
  return {
    identifier: { system: identifier.system, value: identifier.value },
    emails,
    resources: [patientResource, ...conditions],
  };
}

export function isIssue(checked: PatientContent | ContentIssue): checked is ContentIssue {
  return 'code' in checked;
}

function missing(expression: string): ContentIssue {
  return { code: 'required', expression, text: `The required element ${expression} is missing.` };
}

function invalid(expression: string, what: string): ContentIssue {
  return { code: 'invalid', expression, text: `${expression} ${what}.` };
}

/** The first thing that is wrong, as a FHIRPath. */
function issueOf(error: z.ZodError, root: string): ContentIssue {
  const [first] = error.issues;
  const path = (first?.path ?? [])
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('');
  const expression = `${root}${path}`;
  // zod says of a missing element that it is undefined; of an empty one that it is too small.
  const isMissing =
    (first?.code === 'invalid_type' && first.message.includes('received undefined')) || first?.code === 'too_small';
  return isMissing ? missing(expression) : invalid(expression, 'is not valid');
}
