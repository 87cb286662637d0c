/** What the Temporal Web UI shows of a workflow in its "current details", in Markdown, without PHI. */
import type { DataSharingStatus } from '../domain/data-sharing';
import { ERRORS, type ErrorCode } from '../domain/errors';
import { LIMITS } from '../domain/limits';
import type { PatientFailure } from '../domain/patient-sync';
import type { StepFailure } from './steps';

/** Steps as operators read them. */
export const STEPS = {
  token: '`retrieve` (token of Roche)',
  file: '`retrieve` (file from S3)',
  transform: '`transform`',
  acknowledge: '`acknowledge` to Roche',
} as const;

/** Parked: what went wrong, at which step, and what to do. @param work workflow id, @param atMs since when */
export function parkedDetails(status: DataSharingStatus, work: string, atMs: number): string {
  if (status.errorCode === undefined) return '';
  const row = ERRORS[status.errorCode];
  return [
    `**Parked** at step \`${status.failedStep ?? ''}\` since ${moment(atMs)}: ${row.title}`,
    '',
    `**What to do:** ${row.nextStep}`,
    '',
    `Look: \`ductus parked show ${work}\`. Decide: \`ductus parked retry|skip|discard\`, or the update \`repair\` from this page.`,
    '',
    `- Error: \`${status.errorCode}\` ${status.errorMessage ?? ''}`,
    row.renotification === 'retry'
      ? '- Next attempt: with a decision, or when Roche notifies again.'
      : '- Next attempt: with a decision only; a new notification changes nothing.',
    `- Notifications so far: ${String(status.notifications)}`,
  ].join('\n');
}

/** A patient whom Roche refuses. @param controlId MSH-10 of the message, @param work workflow id */
export function parkedPatientDetails(failure: PatientFailure, controlId: string, work: string): string {
  const row = ERRORS[failure.code];
  return [
    `**Parked** at step \`send\` since ${moment(failure.sinceMs)}: ${row.title}`,
    '',
    `**What to do:** ${row.nextStep}`,
    '',
    `Look: \`ductus parked show ${work}\`. Decide: \`ductus parked retry|discard\`, or the update \`repair\` from this page.`,
    '',
    `- Error: \`${failure.code}\` ${failure.message}`,
    ...(failure.element === undefined ? [] : [`- Element: \`${failure.element}\``]),
    `- Message of the HIS: MSH-10 \`${controlId}\``,
    '- Next attempt: when the HIS sends a newer message of the patient, or with a decision.',
  ].join('\n');
}

/** Waiting for something that ends by itself. @param atMs since when; @param todo what an operator can do, if anything */
export function waitingDetails(what: string, atMs: number, todo?: string): string {
  const next = `- Next attempt: when that is over, and at the latest ${moment(atMs + LIMITS.waitFallbackMs)}.`;
  return [
    `**Waiting** for ${what} since ${moment(atMs)}. It goes on by itself; nothing is lost meanwhile.`,
    '',
    next,
    ...(todo === undefined ? [] : ['', `**What to do:** ${todo}`]),
  ].join('\n');
}

/** A step that did not work at once and is being tried again. */
export interface Retrying {
  /** Name of the step, and where to. */
  readonly step: string;
  readonly failure: StepFailure;
  readonly sinceMs: number;
  /** All tries together, before the work is parked; undefined: it goes on until it works. */
  readonly totalMs?: number;
}

/** Retried: which step, since when, what the first try said, and until when. */
export function retryingDetails({ step, failure, sinceMs, totalMs }: Retrying): string {
  const wait = `${seconds(LIMITS.retryFirstMs)} s, doubled up to ${seconds(LIMITS.retryLongestMs)} s`;
  return [
    `**Retrying** step ${step} since ${moment(sinceMs)}: ${ERRORS[failure.code].title}`,
    '',
    `**What to do:** nothing, if it passes. If it lasts: ${ERRORS[failure.code].nextStep}`,
    '',
    `- Error of the first attempt: \`${failure.code}\` ${failure.message}`,
    `- Attempts: a new one after ${wait}. Their number, last error and next time are under “Pending Activities”.`,
    totalMs === undefined
      ? '- Limit: none; it is tried until it works.'
      : `- Limit: parked at ${moment(sinceMs + totalMs)} when it has not worked by then.`,
  ].join('\n');
}

/** A step that takes its time and has not failed. */
export function busyDetails(step: string, sinceMs: number): string {
  return `**Busy** with step ${step} since ${moment(sinceMs)}. Attempts and heartbeats are under “Pending Activities”.`;
}

/** A destination that failed several times in a row. @param nextAtMs when the next delivery tries */
export function pausedDetails(paused: {
  readonly destination: string;
  readonly failures: number;
  readonly code: ErrorCode;
  readonly nextAtMs: number;
}): string {
  const { destination, failures, code, nextAtMs } = paused;
  const row = ERRORS[code];
  return [
    `${row.title} New deliveries wait in order; nothing is lost.`,
    '',
    `- Error: \`${code}\``,
    `- Attempts: ${String(failures)} failed in a row; there is no limit.`,
    `- Next attempt: ${moment(nextAtMs)}, by one delivery that waits.`,
    '',
    `**What to do:** ${row.nextStep}`,
    '',
    `Try at once with \`ductus destinations resume ${destination}\`.`,
  ].join('\n');
}

/** A comparison for a redelivery. */
export function comparingDetails(destination: string, done: number, files: number): string {
  return `**Comparing** with what \`${destination}\` has: ${String(done)} of ${String(files)} files looked at. Nothing is sent.`;
}

/** To the second, in UTC: a page is read in more than one time zone. */
function moment(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function seconds(ms: number): string {
  return String(ms / 1000);
}
