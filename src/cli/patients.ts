/**
 * `ductus patients …`: the cross-reference between the numbers that Roche gives and the hospital's own. Numbers come from
 * files and from standard input, not as arguments: those stand in the history of the shell and in the list of processes.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { DuctusError } from '../domain/errors';
import { SourceNumberSchema } from '../domain/patients';
import type { PatientView } from '../queries/patients';
import type { PatientsImport } from '../runtime/patient-operations';
import { byOption, viewerHere, withPatients, type GlobalOptions } from './context';
import { numbersFromInput } from './input';
import { table, time } from './output';
import { readPatientsFile } from './patients-file';

interface Organization {
  readonly organization: string;
}

interface Order extends Organization {
  readonly by: string;
  readonly reason: string;
}

/** More line numbers than this say nothing more. */
const MAX_LINES = 20;

/** Builds the command. */
export function patientsCommand(globals: () => GlobalOptions): Command {
  const patients = new Command('patients').description(
    'the hospital’s own numbers of patients (docs/guide/patients.md)',
  );
  const isJson = (): boolean => globals().json === true;

  patients
    .command('import')
    .description('add patients of a CSV file: all of them or, when a line is wrong, none')
    .argument('<file>', 'columns: source_system,source_value,mrn,assigning_authority,identifier_type')
    .requiredOption('--organization <id>', 'organization of the configuration')
    .addOption(byOption('who imports'))
    .option('--reason <text>', 'why; it is kept', 'import of a file')
    .option('--replace', 'replace numbers that are there and differ')
    .addHelpText('after', '\nExample:\n  ductus patients import patients.csv --organization st-marien --by anna')
    .action(async (name: string, options: Order & { readonly replace?: boolean }) => {
      const { entries, lines } = readPatientsFile(readBytes(name));
      const { organization, by, reason, replace = false } = options;
      const outcome = await withPatients(globals(), (operations) =>
        operations.import(organization, entries, { ...viewerHere(by), reason, replace }),
      );
      if (outcome.status !== 'done') throw notImported(outcome, lines);
      const { added, replaced, unchanged } = outcome;
      console.log(
        isJson()
          ? JSON.stringify({ organization, added, replaced, unchanged })
          : `${organization}: ${String(added)} added, ${String(replaced)} replaced, ${String(unchanged)} unchanged.`,
      );
    });

  patients
    .command('list')
    .description('how many patients there are, by organization and system; with --numbers, all of them')
    .option('--organization <id>', 'only this organization')
    .option('--numbers', 'show the numbers; needs --organization')
    .addHelpText('after', '\nExample:\n  ductus patients list --organization st-marien --numbers')
    .action(async ({ organization, numbers }: Partial<Organization> & { readonly numbers?: boolean }) => {
      if (numbers !== true) {
        const systems = await withPatients(globals(), (operations) => operations.summary(organization));
        if (isJson()) for (const each of systems) console.log(JSON.stringify(each));
        else {
          const rows = systems.map((each) => [
            each.organization,
            each.sourceSystem,
            String(each.patients),
            time(each.updatedAt),
          ]);
          console.log(table(['ORGANIZATION', 'SYSTEM', 'PATIENTS', 'CHANGED'], rows, 'There are no patients.'));
        }
        return;
      }
      if (organization === undefined) {
        throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Name the organization whose numbers are to be shown.');
      }
      print(
        await withPatients(globals(), (operations) =>
          allOf((page) => operations.list(organization, page, viewerHere())),
        ),
      );
    });

  patients
    .command('show')
    .description('the entries of a number of Roche, which is read from standard input')
    .requiredOption('--organization <id>', 'organization of the configuration')
    .option('--system <uri>', 'only this system of numbers')
    .addHelpText('after', '\nExample:\n  ductus patients show --organization st-marien < number.txt')
    .action(async ({ organization, system }: Organization & { readonly system?: string }) => {
      const values = await numbersFromInput();
      const found = await withPatients(globals(), async (operations) => {
        const each = await Promise.all(
          values.map((sourceValue) =>
            operations.list(organization, { sourceSystem: system, sourceValue }, viewerHere()),
          ),
        );
        return each.flat();
      });
      if (found.length === 0) throw new DuctusError('DUCTUS_NOT_FOUND', 'The cross-reference has no such number.');
      print(found);
    });

  patients
    .command('remove')
    .description('take patients out; the numbers of Roche are read from standard input, one a line')
    .requiredOption('--organization <id>', 'organization of the configuration')
    .requiredOption('--system <uri>', 'system of the numbers; "" for numbers without one')
    .addOption(byOption('who removes'))
    .requiredOption('--reason <text>', 'why; it is kept')
    .addHelpText(
      'after',
      '\nExample:\n  ductus patients remove --organization st-marien --system urn:oid:2.999.1.10 --reason "left" < numbers.txt',
    )
    .action(async ({ organization, system, by, reason }: Order & { readonly system: string }) => {
      const numbers = (await numbersFromInput()).map((sourceValue) => ({ sourceSystem: system, sourceValue }));
      if (numbers.some((number) => !SourceNumberSchema.safeParse(number).success)) {
        throw new DuctusError('DUCTUS_REQUEST_INVALID', 'The system or one of the numbers is no plain text.');
      }
      const removed = await withPatients(globals(), (operations) =>
        operations.remove(organization, numbers, { ...viewerHere(by), reason }),
      );
      console.log(
        isJson()
          ? JSON.stringify({ organization, removed })
          : `${organization}: ${String(removed)} of ${String(numbers.length)} removed.`,
      );
    });

  const print = (found: readonly PatientView[]): void => {
    if (isJson()) for (const each of found) console.log(JSON.stringify(each));
    else {
      const rows = found.map((each) => [
        each.sourceSystem,
        each.sourceValue,
        each.mrn,
        each.assigningAuthority,
        each.identifierType,
        `${time(each.updatedAt)} by ${each.updatedBy}`,
      ]);
      console.log(table(['SYSTEM', 'NUMBER', 'MRN', 'AUTHORITY', 'TYPE', 'CHANGED'], rows, 'There are no patients.'));
    }
  };

  return patients;
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch {
    throw new DuctusError('DUCTUS_REQUEST_INVALID', `The file ${file} cannot be read.`);
  }
}

function notImported(outcome: Exclude<PatientsImport, { status: 'done' }>, lines: readonly number[]): DuctusError {
  const positions = outcome.status === 'different' ? outcome.changed : outcome.positions;
  const named = positions.slice(0, MAX_LINES).map((position) => String(lines[position]));
  const more = positions.length - named.length;
  const which = `${positions.length === 1 ? 'line' : 'lines'} ${named.join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`;
  return new DuctusError(
    'DUCTUS_REQUEST_INVALID',
    outcome.status === 'different'
      ? `Nothing was imported: another number is there for ${which}. Compare them; --replace takes those of the file.`
      : `Nothing was imported: ${which} contradict an earlier line of the file.`,
  );
}

const PAGE = 1000;

async function allOf(
  list: (page: { readonly limit: number; readonly offset: number }) => Promise<readonly PatientView[]>,
): Promise<readonly PatientView[]> {
  const all: PatientView[] = [];
  for (;;) {
    const page = await list({ limit: PAGE, offset: all.length });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
