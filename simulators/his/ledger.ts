/** What the HIS sent and what it was answered: all that was answered AA has to be at Roche in the end. */
import { z } from 'zod';
import { HIS_EVENTS } from './plan';

const PersonSchema = z.object({
  index: z.number().int(),
  number: z.string(),
  family: z.string(),
  given: z.array(z.string()).readonly(),
  birthDate: z.string(),
  gender: z.enum(['male', 'female', 'other', 'unknown']),
  street: z.string(),
  city: z.string(),
  postalCode: z.string(),
  country: z.string(),
  email: z.string().optional(),
  diabetes: z.object({ snomed: z.string(), icd10: z.string(), text: z.string() }).optional(),
});

export const LedgerEntrySchema = z.object({
  /** Number of the message, in the order of the events. */
  number: z.number().int(),
  controlId: z.string(),
  event: z.enum(HIS_EVENTS),
  /** The patient as the message has it. */
  person: PersonSchema,
  priorNumber: z.string().optional(),
  eventAtMs: z.number(),
  /** Which of the HIS's connections carried it. */
  connection: z.number().int(),
  firstSentAtMs: z.number(),
  /** Of the last try. */
  sentAtMs: z.number(),
  answeredAtMs: z.number().optional(),
  attempts: z.number().int(),
  /** MSA-1 of the last answer; missing while there is none. */
  answer: z.string().optional(),
  /** ERR-3. */
  errorCode: z.string().optional(),
  /** Whether the receiver said that it has the message. */
  accepted: z.boolean(),
});
export type LedgerEntry = z.infer<typeof LedgerEntrySchema>;

export const HisStatsSchema = z.object({
  seed: z.number(),
  /** `idle` until it is told to run. */
  state: z.enum(['idle', 'running', 'done', 'failed']),
  error: z.string().optional(),
  planned: z.number().int(),
  accepted: z.number().int(),
  /** Answered for good, and not accepted. */
  refused: z.number().int(),
  /** Frames sent, repeats included. */
  frames: z.number().int(),
  /** Frames sent again since no answer came, or one that says that it may work later. */
  resent: z.number().int(),
  /** Frames sent again although they were answered, and how many of those were answered AA. */
  repeated: z.number().int(),
  repeatsAccepted: z.number().int(),
  /** Answers that belong to another message, or are none. */
  wrongAnswers: z.number().int(),
  connects: z.number().int(),
});
export type HisStats = z.infer<typeof HisStatsSchema>;
