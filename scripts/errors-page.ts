/** `docs/errors.md`, made from the table in src/domain/errors.ts. Pure: `docs.ts` writes it, and a test compares. */
import { ERRORS } from '../src/domain/errors';
import type { ErrorClass } from '../src/domain/errors';

const CLASSES: Readonly<Record<ErrorClass, string>> = {
  transient: 'nothing happened; Ductus tries again by itself',
  ambiguous: 'it may have happened; the destination decides whether Ductus sends again or asks',
  permanent: 'the same attempt would fail again; the work is parked for an operator, or the caller is told',
};

/** The page, as Markdown. */
export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([code, row]) => {
    const http = 'http' in row ? `HTTP ${row.http} · ` : '';
    const again = row.renotification === 'retry' ? 'is tried again' : 'waits for an operator all the same';
    return [
      `## ${code}`,
      '',
      row.title,
      '',
      `- ${http}${row.class}`,
      `- **Next step:** ${row.nextStep}`,
      `- When Roche notifies again, work parked with this code ${again}.`,
      '',
    ].join('\n');
  });
  return [
    '# Errors',
    '',
    '<!-- Made by `npm run docs` from src/domain/errors.ts. Change it there. -->',
    '',
    'Every error of Ductus has one of these codes: in answers, logs, metrics, the Temporal Web UI and `ductus parked list`.',
    'A message never holds health data, credentials or receipt handles.',
    '',
    ...Object.entries(CLASSES).map(([name, meaning]) => `- **${name}**: ${meaning}.`),
    '',
    ...rows,
  ].join('\n');
}
