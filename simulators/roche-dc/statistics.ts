/** What the Roche simulator has seen, from its own side: the demo and the fault run count by this, not by Ductus's claims. */
import { z } from 'zod';
import { ROCHE_FAULTS } from './options';

/** One POST of a notification. */
export const AttemptStatsSchema = z.object({
  /** `first`; `duplicate`: an extra one right away; `renotification`: no ACK in time; `retry`: the POST before was not answered; `repeat`: asked for. */
  kind: z.enum(['first', 'duplicate', 'renotification', 'retry', 'repeat']),
  sentAtMs: z.number(),
  answeredAtMs: z.number().optional(),
  /** HTTP status; missing while it runs or when it failed. */
  status: z.number().optional(),
  /** Why there was no answer, for example `ECONNREFUSED`. */
  error: z.string().optional(),
});
export type AttemptStats = z.infer<typeof AttemptStatsSchema>;

/** One accepted ACK. */
export const AckStatsSchema = z.object({
  atMs: z.number(),
  /** Which POST's receipt handle it had, counted from 1. */
  attempt: z.number().int(),
  /** Header `x-origin-request-id`: the same for tries of the same ACK. */
  originRequestId: z.string(),
});
export type AckStats = z.infer<typeof AckStatsSchema>;

/** One notification. */
export const NotificationStatsSchema = z.object({
  messageId: z.string(),
  emrOid: z.string(),
  objectKey: z.string(),
  option: z.enum(['access-point', 'presigned-url']),
  bytes: z.number().int(),
  firstNotifiedAtMs: z.number().optional(),
  attempts: z.array(AttemptStatsSchema),
  acks: z.array(AckStatsSchema),
  /** ACKs refused: older or expired receipt handle, or a foreign operation id. */
  refusedAcks: z.number().int(),
  /** All repeats are sent and the last wait is over without an ACK. */
  exhausted: z.boolean(),
  faults: z.array(z.enum(ROCHE_FAULTS)),
});
export type NotificationStats = z.infer<typeof NotificationStatsSchema>;

export const RocheStatsSchema = z.object({
  seed: z.number(),
  notifications: z.array(NotificationStatsSchema),
  totals: z.object({
    notifications: z.number().int(),
    /** POSTs of notifications. */
    attempts: z.number().int(),
    /** Duplicates injected. */
    duplicates: z.number().int(),
    renotifications: z.number().int(),
    /** Notifications with an answer 2xx. */
    accepted: z.number().int(),
    /** Notifications with an accepted ACK. */
    acknowledged: z.number().int(),
    acks: z.number().int(),
    refusedAcks: z.number().int(),
    exhausted: z.number().int(),
  }),
  tokens: z.object({ issued: z.number().int(), refused: z.number().int() }),
  /** Answers of the S3 door by status or S3's code. */
  s3: z.record(z.string(), z.number().int()),
  faults: z.partialRecord(z.enum(ROCHE_FAULTS), z.number().int()),
});
export type RocheStats = z.infer<typeof RocheStatsSchema>;

/** Adds up. */
export function totals(notifications: readonly NotificationStats[]): RocheStats['totals'] {
  const sum = (of: (one: NotificationStats) => number): number => notifications.reduce((all, one) => all + of(one), 0);
  const kinds = (kind: AttemptStats['kind']) => (one: NotificationStats) =>
    one.attempts.filter((attempt) => attempt.kind === kind).length;
  return {
    notifications: notifications.length,
    attempts: sum((one) => one.attempts.length),
    duplicates: sum(kinds('duplicate')),
    renotifications: sum(kinds('renotification')),
    accepted: notifications.filter((one) => one.attempts.some(isAccepted)).length,
    acknowledged: notifications.filter((one) => one.acks.length > 0).length,
    acks: sum((one) => one.acks.length),
    refusedAcks: sum((one) => one.refusedAcks),
    exhausted: notifications.filter((one) => one.exhausted).length,
  };
}

/** Whether a POST was answered 2xx. */
export function isAccepted(attempt: AttemptStats): boolean {
  return attempt.status !== undefined && attempt.status >= 200 && attempt.status < 300;
}
