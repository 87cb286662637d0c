/** What a line of the patient cross-reference may hold, the same for the command line and the HTTP API. */
import { z } from 'zod';
import { isPlainText, PLAIN_TEXT_RULE } from './plain-text';

/** CX-1 has 15 characters by HL7 v2.5.1 and more in practice; nothing that a hospital uses comes near this. */
const MAX_NUMBER = 200;

const text = (max: number) =>
  z
    .string()
    .max(max, `must have at most ${String(max)} characters`)
    .refine(isPlainText, PLAIN_TEXT_RULE)
    // What a spreadsheet leaves around a number makes it another one.
    .refine((value) => value === value.trim(), 'must have no spaces around it');

/** The number that Roche gives; without a system where Roche gives none. */
export const SourceNumberSchema = z.strictObject({
  sourceSystem: text(MAX_NUMBER),
  sourceValue: text(MAX_NUMBER).min(1, 'must not be empty'),
});

/** A day in the time zone of the organization, or a moment. */
const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })], 'must be a date, or a time with an offset');

/** One patient whose consent an order is about. */
export const ConsentEntrySchema = z.strictObject({
  /** The hospital's number. */
  number: text(MAX_NUMBER).min(1, 'must not be empty'),
  /** System of the number; needed only where several have it. */
  system: text(MAX_NUMBER).optional(),
  /** Data that came before are not covered; left out: whenever they came. */
  from: moment.optional(),
  /** The last day, or the moment of the end; left out: until it is withdrawn. */
  until: moment.optional(),
});
export type ConsentEntry = z.infer<typeof ConsentEntrySchema>;

export const PatientEntrySchema = SourceNumberSchema.extend({
  mrn: text(MAX_NUMBER).min(1, 'must not be empty'),
  /** HD of HL7: `NAME`, or `NAME&universal id&type`. */
  assigningAuthority: text(MAX_NUMBER)
    .regex(/^[^|^~\\&]*(&[^|^~\\&]*(&[^|^~\\&]*)?)?$/, 'must be `NAME` or `NAME&universal id&type`')
    .default(''),
  /** ID of table 0203; CX-5 has at most five characters (HL7 v2.5.1 §2A.14). */
  identifierType: text(MAX_NUMBER)
    .regex(/^[A-Za-z0-9]{0,5}$/, 'must be a code of table 0203')
    .default(''),
});
