/** What the Temporal Web UI shows of a workflow in its "current details", in Markdown, without PHI. */
import type { DataSharingStatus } from '../domain/data-sharing';
import { ERRORS } from '../domain/errors';

/** Parked: what went wrong, at which step, and what to do. */
export function parkedDetails(status: DataSharingStatus): string {
  if (status.errorCode === undefined) return '';
  const row = ERRORS[status.errorCode];
  return [
    `**Parked** at step \`${status.failedStep ?? ''}\`: ${row.title}`,
    '',
    `- Error: \`${status.errorCode}\` ${status.errorMessage ?? ''}`,
    `- Notifications so far: ${String(status.notifications)}`,
    row.renotification === 'retry'
      ? '- A new notification by Roche tries again by itself.'
      : '- Only a decision goes on from here; a new notification changes nothing.',
    '',
    `**What to do:** ${row.nextStep}`,
    '',
    'Decide with `ductus parked retry|skip|discard`, or send the update `repair` from this page.',
  ].join('\n');
}

/** Waiting for something that ends by itself. */
export function waitingDetails(what: string): string {
  return `**Waiting** for ${what}. It goes on by itself; nothing is lost meanwhile.`;
}
