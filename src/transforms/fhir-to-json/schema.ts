/**
 * The JSON form: a document of Ductus' own for destinations that take neither HL7 v2 nor FHIR. Its page,
 * docs/reference/json-form.md, is made of this schema. What stands here stays: members may be added under the same name
 * of the schema, but none is removed, renamed or given another meaning without a new one.
 */
import { z } from 'zod';
import { ITEM_KINDS } from '../model/item';

/** Value of `schema`. */
export const JSON_FORM = 'ductus/1';

const text = z.string();
const time = text.describe(
  'time as in ISO 8601: `2024`, `2024-03`, `2024-03-01`, or with a clock time, seconds and always an offset',
);
const decimal = text
  .regex(/^-?\d+(\.\d+)?$/)
  .describe('exact decimal number, as in `5.0`; a text, since JSON libraries round numbers');

const code = z.strictObject({
  system: text.optional().describe('URI of the code system, or the name that a code map gives'),
  code: text.describe('the code'),
  display: text.optional().describe('what it means, in words'),
});

const identifier = z.strictObject({
  value: text.describe('the number'),
  system: text.optional().describe('who gives such numbers, as a URI'),
  authority: text.optional().describe('who gives such numbers, as the hospital writes it: `NAME&universal id&type`'),
  type: text.optional().describe('type by HL7 table 0203, as in `MR`'),
});

const documentId = z.strictObject({
  root: text.describe('OID or UUID'),
  extension: text.optional().describe('number under it'),
});

const patient = z.strictObject({
  identifiers: z
    .array(identifier)
    .min(1)
    .describe("the hospital's own number first, when the registry has it; then the one that was sent"),
  names: z
    .array(
      z.strictObject({
        use: text.optional().describe('FHIR value set name-use'),
        text: text.optional().describe('the whole name'),
        family: text.optional().describe('family name'),
        given: z.array(text).optional().describe('given names'),
        prefix: z.array(text).optional().describe('as in `Dr.`'),
        suffix: z.array(text).optional().describe('as in `Jr.`'),
      }),
    )
    .optional()
    .describe('names, when the file has the Patient'),
  gender: text.optional().describe('FHIR value set administrative-gender'),
  birthDate: text.optional().describe('`YYYY`, `YYYY-MM` or `YYYY-MM-DD`'),
});

const common = {
  kind: z.enum(ITEM_KINDS).describe('what it is; `summary`: calculated of the readings of a day'),
  id: text.describe(
    'name of the item, the same in every message: a correction or deletion has the id of what it is about',
  ),
  status: z
    .enum(['new', 'preliminary', 'correction', 'deletion'])
    .describe('what the receiver shall do; `deletion`: remove what has this id'),
  source: z
    .strictObject({
      references: z.array(text).describe('resources that the item stands for; several for a summary'),
      resourceType: text.describe('type of the resource'),
      path: text.describe('place in the file, as in `Bundle.entry[3].resource`'),
    })
    .describe('where it comes from'),
};

const deviceId = z.strictObject({
  value: text.describe('number by which the device can be found'),
  system: text.optional().describe('who gives such numbers'),
});

const reading = z
  .strictObject({
    ...common,
    codes: z.array(code).min(1).describe('what was measured or given, the main code first'),
    codeText: text.optional().describe('the sender’s own words for it, as the brand of an insulin'),
    value: decimal
      .optional()
      .describe(
        'exact decimal number as text, with the digits of the sender: `5.0` is not `5`; absent in a deletion, and where there is a finding',
      ),
    comparator: z.enum(['<', '<=', '>', '>=']).optional().describe('the value is a bound'),
    finding: z
      .strictObject({
        codes: z.array(code).optional().describe('codes, the main one first'),
        text: text.optional().describe('words, or the words beside the codes'),
      })
      .optional()
      .describe('what a `measurement` found, when it is no number'),
    unit: text.optional().describe('UCUM code; absent where the value is'),
    start: time.optional(),
    end: time.optional().describe('end of a period'),
    comments: z.array(text).describe("the patient's or the sender's words"),
    remarks: z.array(text).describe('what Ductus did, as a unit conversion'),
    preliminary: z.literal(true).optional().describe('the sender has not confirmed it yet; a correction can be so too'),
    device: deviceId.optional().describe('device that measured'),
    insulin: z
      .strictObject({
        adminType: code.optional().describe('how it was given: a kind of bolus, basal, syringe'),
        isRate: z.boolean().describe('true for a rate (`[IU]/h`)'),
      })
      .optional()
      .describe('of insulin only'),
    interpretation: z.array(code).optional().describe('as in `H`'),
    referenceRange: text.optional().describe('as in `70-180`, in the unit of the value'),
    members: z.array(text).optional().describe('ids of items that belong to it: carbohydrates of a measurement'),
  })
  .describe('glucose, carbs, insulin, measurement, summary');

const device = z
  .strictObject({
    ...common,
    device: z
      .strictObject({
        id: deviceId.describe('number by which it can be found'),
        type: z.array(code).describe('what kind of device'),
        manufacturer: text.optional().describe('maker'),
        model: text.optional().describe('model'),
        serialNumber: text.optional().describe('serial number'),
        udi: text.optional().describe('unique device identifier'),
        versions: z
          .array(z.strictObject({ of: text.optional().describe('as in `firmware`'), value: text.describe('version') }))
          .describe('versions'),
        metrics: z
          .array(
            z.strictObject({
              type: z.array(code).describe('what it measures'),
              unit: text.optional().describe('in which unit'),
            }),
          )
          .describe('what it measures'),
      })
      .describe('the device'),
  })
  .describe('device');

const report = z
  .strictObject({
    ...common,
    report: z
      .strictObject({
        documentId: documentId.describe('id of the document'),
        set: documentId.optional().describe('id of all its versions'),
        version: text.optional().describe('number of the version'),
        replaces: documentId.optional().describe('document that this one replaces'),
        type: code.describe('kind of document'),
        otherTypes: z.array(code).optional().describe('further codes of the kind'),
        title: text.optional().describe('title'),
        time: time.optional(),
        confidentiality: text.optional().describe('as in `N`'),
        language: text.optional().describe('as in `de-DE`'),
        authors: z.array(text).describe('who wrote it'),
        organization: text.optional().describe('for whom'),
        contentType: z.literal('application/xml').describe('type of the content'),
        size: z.number().int().describe('bytes'),
        content: z.base64().describe('the document in base64'),
      })
      .describe('the document'),
  })
  .describe('report');

const carried = z
  .strictObject({
    ...common,
    resource: z.record(z.string(), z.unknown()).describe('the resource as it came, numbers with their digits'),
  })
  .describe('carried: a resource, or elements of one, that Ductus has no mapping for');

/** A whole message. */
export const JsonMessageSchema = z.strictObject({
  schema: z.literal(JSON_FORM).describe('name of this form; another number means other members'),
  messageId: text.describe('the same for every attempt to send it: a receiver can tell a repeat'),
  createdAt: text.describe('time of the notification, UTC'),
  patient: patient.describe('whom all items are about'),
  items: z.array(z.union([reading, device, report, carried])).describe('what is new, corrected or deleted'),
});
export type JsonMessage = z.infer<typeof JsonMessageSchema>;
export type JsonItem = JsonMessage['items'][number];
export type JsonPatient = JsonMessage['patient'];
export type JsonReading = z.infer<typeof reading>;
export type JsonDevice = z.infer<typeof device>;
export type JsonReport = z.infer<typeof report>;
export type JsonCommon = Pick<JsonReading, 'kind' | 'id' | 'status' | 'source'>;
