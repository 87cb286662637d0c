/** One piece of work as text for a terminal. */
import { ERRORS, isErrorCode } from '../domain/errors';
import { Stage } from '../domain/stages';
import type { Work } from '../queries/work';
import { table, time } from './output';

/** What came, where it stands, what went where, and what to do. */
export function workDetails(work: Work): string {
  const lines = [
    work.workflowId,
    `  received      ${time(work.receivedAt)} (${work.messageType})`,
    `  stage         ${work.stage}${work.outcome === null ? '' : `, ${work.outcome}`}`,
    `  delivered     ${time(work.deliveredAt)}`,
    `  closed        ${time(work.closedAt)}`,
    ...(work.workflowId.startsWith('patient-sync/')
      ? []
      : [`  observations  ${String(work.observations)} sent, ${String(work.leftOut)} left out`]),
  ];
  const counted = (label: string, counts: Readonly<Record<string, number>>): void => {
    const each = Object.entries(counts).map(([name, count]) => `${name} ${String(count)}`);
    if (each.length > 0) lines.push(`  ${label.padEnd(14)}${each.join(', ')}`);
  };
  counted('by kind', work.kinds);
  counted('left out', work.leftOutReasons);
  counted('unmapped', work.unmapped);
  if (work.flags.length > 0) lines.push(`  flags         ${work.flags.join(', ')}`);
  if (work.repeats > 0) lines.push(`  repeats       ${String(work.repeats)}`);
  if (work.decidedBy !== null) lines.push(`  decided       by ${work.decidedBy}: ${work.decidedReason ?? ''}`);
  if (isErrorCode(work.code)) {
    // The ledger keeps the last error, to be read; work that is over or goes on by itself asks nobody for anything.
    const isParked = work.stage === Stage.parked;
    lines.push(
      `  ${(isParked ? 'error' : 'had failed').padEnd(14)}${work.code} at ${work.step ?? '?'}: ${work.message ?? ''}`,
      ...(isParked ? [`  what to do    ${ERRORS[work.code].nextStep}`] : []),
    );
  }
  const rows = work.messages.map((message) => [
    message.destination,
    String(message.sequence),
    message.controlId,
    message.state,
    String(message.resources),
    String(message.attempts),
    String(message.possibleRepeats),
    message.code ?? '',
  ]);
  lines.push(
    '',
    table(
      ['DESTINATION', 'NO', 'MESSAGE ID', 'STATE', 'RESOURCES', 'SENT', 'POSSIBLE REPEATS', 'CODE'],
      rows,
      '  no messages yet',
    ),
  );
  return lines.join('\n');
}
