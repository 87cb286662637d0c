/** What can be set on the HIS simulator: one schema for code, flags and the JSON file. */
import { z } from 'zod';
import { HIS_EVENTS } from './plan';
import { HIS_STYLES } from './styles';

const share = z.number().min(0).max(1);
const count = z.number().int().min(0);

/** The receiver. */
export const HisTargetSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  port: z.number().int().positive().max(65535),
  /** MLLP over TLS, PEM. */
  tls: z.strictObject({ ca: z.string(), cert: z.string().optional(), key: z.string().optional() }).optional(),
});
export type HisTarget = z.output<typeof HisTargetSchema>;

export const HisOptionsSchema = z.strictObject({
  /** Seed of patients, changes and repeats; default: a random one. */
  seed: z.number().int().min(0).optional(),
  target: HisTargetSchema.optional(),
  connections: z.number().int().positive().default(4),
  patients: z.number().int().positive().default(20),
  messages: z.number().int().positive().default(100),
  /** `by-patient`: all messages about a patient on one connection; `spread`: each on the next free one. */
  mode: z.enum(['by-patient', 'spread']).default('by-patient'),
  /** Time over which the messages are sent, milliseconds; 0: as fast as they are answered. */
  overMs: count.default(0),
  /** Time of the first event, epoch milliseconds; default: so that the last one is now. */
  startAtMs: z.number().int().optional(),
  mergeShare: share.default(0.02),
  firstEvents: z.array(z.enum(HIS_EVENTS)).min(1).default(['A28', 'A04', 'A01', 'A05']),
  laterEvents: z.array(z.enum(HIS_EVENTS)).min(1).default(['A31', 'A08']),
  /** Of all patients; default: by the region of the patient. */
  style: z.enum(HIS_STYLES).optional(),
  /** Zone of times without offset. */
  timeZone: z.string().default('Europe/Madrid'),
  /** Share of accepted messages that are sent once more. */
  repeatShare: share.default(0),
  /** Share of messages after which the connection is closed before the answer comes. */
  cutShare: share.default(0),
  /** Without an answer for so long, the connection is closed and the message sent again. */
  answerTimeoutMs: z.number().int().positive().default(30_000),
  /** Wait before the next try to connect, and after an answer that says that it may work later. */
  retryMs: count.default(500),
});
export type HisOptions = z.input<typeof HisOptionsSchema>;
export type HisSettings = z.output<typeof HisOptionsSchema>;
