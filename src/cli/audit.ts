/**
 * `ductus audit …`: who got, saw, changed or decided what. Every command stands in the audit itself.
 */
import { createWriteStream, rmSync, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { AUDIT_KINDS, type AuditKind, type AuditRecord } from '../domain/audit';
import { toAuditEvent } from '../domain/audit-event';
import { DuctusError } from '../domain/errors';
import type { AuditVerification } from '../store/audit-seals';
import type { AuditQuery } from '../runtime/audit';
import { EXIT, viewerHere, withAudit, type GlobalOptions } from './context';
import { numbersFromInput } from './input';
import { table, time } from './output';
import { parseCount, parseTime } from './times';

interface FilterOptions {
  readonly patient?: boolean;
  readonly organization?: string;
  readonly kind?: AuditKind;
  readonly by?: string;
  readonly since?: Date;
  readonly until?: Date;
}

/** Rows that a person reads; more belong in an export. */
const LIST_LIMIT = 100;

interface KeptSeal {
  readonly number: number;
  readonly seal: string;
}

function parseSeal(text: string): KeptSeal {
  const [, number, seal] = /^(\d{1,15}) (\S{1,100})$/.exec(text.trim()) ?? [];
  if (number === undefined || seal === undefined)
    throw new InvalidArgumentError('use the number and the seal, as verify and the log show them');
  return { number: Number(number), seal };
}

function withFilter(command: Command): Command {
  return command
    .option('--patient', 'only about the patient whose number is read from standard input')
    .option('--organization <id>', 'only this organization')
    .addOption(new Option('--kind <kind>', 'only this kind').choices(AUDIT_KINDS))
    .option('--by <name>', 'only what this person or program did')
    .option('--since <time>', 'only since: 30m, 12h, 2d, or a time', parseTime)
    .option('--until <time>', 'only before', parseTime);
}

async function queryOf({ patient, organization, kind, by, since, until }: FilterOptions): Promise<AuditQuery> {
  const query = { organization, kind, by, since, until };
  if (patient !== true) return query;
  const [number, ...more] = await numbersFromInput();
  if (more.length > 0) throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Give one number on standard input.');
  return { ...query, patient: number };
}

/** Builds the command. @param globals options of the program, read when the command runs */
export function auditCommand(globals: () => GlobalOptions): Command {
  const audit = new Command('audit').description('who got, saw, changed or decided what (docs/operations)');

  withFilter(audit.command('list').description('list events, oldest first'))
    .option('--limit <n>', 'at most so many', parseCount, LIST_LIMIT)
    .addHelpText(
      'after',
      '\nExamples:\n  ductus audit list --kind repair --since 12h\n  ductus audit list --patient --organization st-marien < number.txt',
    )
    .action(async ({ limit, ...options }: FilterOptions & { readonly limit: number }) => {
      const query = await queryOf(options);
      const found = await withAudit(globals(), (log) => log.list({ ...query, limit }, viewerHere()));
      if (globals().json === true) for (const record of found) console.log(JSON.stringify(toAuditEvent(record)));
      else {
        console.log(
          table(['AT', 'WHAT', 'BY', 'WHERE', 'ABOUT', 'DETAILS'], found.map(row), 'There are no such events.'),
        );
        if (found.length === limit) console.error('There may be more: --limit, --since, or `ductus audit export`.');
      }
    });

  withFilter(audit.command('export').description('write events as FHIR R4 AuditEvents, one a line (NDJSON)'))
    .option('--file <path>', 'file to write, which must not exist; default: standard output')
    .addHelpText('after', '\nExample:\n  ductus audit export --since 2026-11-01T00:00:00Z --file audit-november.ndjson')
    .action(async ({ file, ...options }: FilterOptions & { readonly file?: string }) => {
      const query = await queryOf(options);
      const events = await withAudit(globals(), async (log) => {
        const target = file === undefined ? process.stdout : await openNew(file);
        let written = 0;
        try {
          for await (const page of log.all(query, viewerHere())) {
            written += page.length;
            const lines = page.map((record) => `${JSON.stringify(toAuditEvent(record))}\n`).join('');
            if (!target.write(lines)) await once(target, 'drain');
          }
          if (target !== process.stdout) {
            target.end();
            await finished(target);
          }
        } catch (error) {
          // Half an export looks like a whole one.
          if (file !== undefined) rmSync(file, { force: true });
          throw error;
        }
        return written;
      });
      if (file !== undefined)
        console.log(
          globals().json === true ? JSON.stringify({ file, events }) : `${String(events)} events in ${file}.`,
        );
    });

  audit
    .command('verify')
    .description('look whether events were changed or taken out')
    .option(
      '--seal <seal>',
      'also whether this seal is still there, of the log or an earlier call: "<number> <seal>"',
      parseSeal,
    )
    .addHelpText(
      'after',
      '\nExamples:\n  ductus audit verify   # exit code 1 when something does not fit\n  ductus audit verify --seal "412 HHtQah5JfL74NaqXlVUh-g"',
    )
    .action(async ({ seal }: { readonly seal?: KeptSeal }) => {
      const found = await withAudit(globals(), (log) => log.verify(viewerHere(), seal));
      console.log(globals().json === true ? JSON.stringify(found) : verified(found));
      if (found.problems.length > 0) process.exitCode = EXIT.failed;
    });

  return audit;
}

function row({
  at,
  kind,
  outcome,
  by,
  organization,
  destination,
  work,
  controlId,
  patients,
  details,
}: AuditRecord): string[] {
  const marks = (patients ?? []).filter((mark) => !mark.startsWith('='));
  const about = [work, controlId, marks.length === 0 ? undefined : `${String(marks.length)} patient(s)`];
  return [
    time(at),
    outcome === 0 ? kind : `${kind} (failed)`,
    by,
    [organization, destination].filter((each) => each !== undefined).join(' → '),
    about.filter((each) => each !== undefined).join(' '),
    Object.entries(details ?? {})
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(' '),
  ];
}

const PROBLEMS: Readonly<Record<AuditVerification['problems'][number]['what'], string>> = {
  'events-changed': 'events were changed or taken out',
  'seal-missing': 'a seal before it was taken out',
  'events-put-in': 'events of its time, or of an earlier one, were put in later',
  'seal-cut-off': 'it is not there any more: the audit was cut off before it',
  'seal-changed': 'the seal was changed, or made with another encryption.hashKey',
};

function verified({ seals, events, unsealed, oldestUnsealed, head, problems }: AuditVerification): string {
  const lines = [
    ...problems.map(({ seal, what }) => `Seal ${String(seal)}: ${PROBLEMS[what]}.`),
    `${String(events)} events in ${String(seals)} seals; ${problems.length === 0 ? 'nothing was changed' : `${String(problems.length)} problems`}.`,
    unsealed === 0
      ? 'All are sealed.'
      : `${String(unsealed)} are not sealed yet, the oldest of ${time(oldestUnsealed ?? null)}; the housekeeping does it every hour.`,
    ...(head === undefined ? [] : [`The last seal is ${head}. Kept elsewhere, it shows later that none was cut off.`]),
  ];
  return lines.join('\n');
}

async function openNew(file: string): Promise<WriteStream> {
  const stream = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  try {
    await once(stream, 'open');
  } catch {
    throw new DuctusError('DUCTUS_REQUEST_INVALID', `The file ${file} exists, or cannot be written.`);
  }
  return stream;
}
