/**
 * `ductus patients …`: the cross-reference between the numbers that Roche gives and the hospital's own, and with it the
 * registry. Numbers come from files and from standard input, not as arguments: those stand in the history of the shell and
 * in the list of processes.
 */
import { Command } from 'commander';
import { DuctusError } from '../domain/errors';
import { SourceNumberSchema } from '../domain/patients';
import type { Consent } from '../domain/patient-sync';
import type { RegistryState } from '../queries/patient-registry';
import type { PatientsImport } from '../runtime/patient-operations';
import type { PatientQuestion } from '../runtime/patient-registry';
import { byOption, viewerHere, withPatients, type GlobalOptions } from './context';
import { numbersFromInput } from './input';
import { linesOf, readBytes, readPatientsFile } from './patients-file';
import { addRegistryCommands, consentOption, stateOption } from './patients-registry';
import { detailsJson, detailsText, numbersTable, registeredTable, summaryTable } from './patients-text';

interface Organization {
  readonly organization: string;
}

interface Order extends Organization {
  readonly by: string;
  readonly reason: string;
}

interface ListOptions extends Partial<Organization> {
  readonly numbers?: boolean;
  readonly each?: boolean;
  readonly state?: RegistryState;
  readonly consent?: Consent;
}

/** Builds the command. */
export function patientsCommand(globals: () => GlobalOptions): Command {
  const patients = new Command('patients').description(
    'the registry of patients, and the hospital’s own numbers (docs/guide/patients.md)',
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
    .description('how many patients there are; with a filter or --each, one a line; with --numbers, also their numbers')
    .option('--organization <id>', 'only this organization')
    .option('--each', 'one patient of the registry a line')
    .addOption(stateOption())
    .addOption(consentOption())
    .option(
      '--numbers',
      'show the numbers, of the registry and of the cross-reference; needs --organization, and is audited',
    )
    .addHelpText(
      'after',
      `
Examples:
  ductus patients list
  ductus patients list --organization st-marien --state parked
  ductus patients list --organization st-marien --consent missing --numbers`,
    )
    .action(async ({ organization, numbers, each = false, state, consent }: ListOptions) => {
      if (numbers === true) {
        if (organization === undefined) {
          throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Name the organization whose numbers are to be shown.');
        }
        const found = await withPatients(globals(), (operations) =>
          allOf((page) => operations.list(organization, { ...page, state, consent }, viewerHere())),
        );
        print(found, numbersTable);
      } else if (each || state !== undefined || consent !== undefined) {
        const found = await withPatients(globals(), (operations) =>
          allOf((page) => operations.registered({ ...page, organization, state, consent })),
        );
        print(found, registeredTable);
      } else print(await withPatients(globals(), (operations) => operations.summary(organization)), summaryTable);
    });

  patients
    .command('show')
    .description('one patient: registry, consent, cross-reference, and the last messages of the HIS')
    .argument(
      '[patient]',
      'id of the workflow, or the keyed hash at its end; without it, numbers are read from standard input',
    )
    .requiredOption('--organization <id>', 'organization of the configuration')
    .option('--system <uri>', 'only this system of numbers')
    .option('--numbers', 'with a patient as argument: show the numbers as well')
    .addHelpText(
      'after',
      `
Who looked is audited, with and without numbers.

Examples:
  ductus patients show --organization st-marien < number.txt
  ductus patients show patient-sync/st-marien/Jx0v… --organization st-marien`,
    )
    .action(
      async (
        patient: string | undefined,
        {
          organization,
          system,
          numbers = false,
        }: Organization & { readonly system?: string; readonly numbers?: boolean },
      ) => {
        const questions: readonly PatientQuestion[] =
          patient === undefined
            ? (await numbersFromInput()).map((sourceValue) => ({ sourceSystem: system, sourceValue }))
            : [{ patient, withNumbers: numbers }];
        const found = await withPatients(globals(), async (operations) => {
          const each = await Promise.all(
            questions.map((question) => operations.show(organization, question, viewerHere())),
          );
          return each.flat();
        });
        if (found.length === 0) {
          throw new DuctusError(
            'DUCTUS_NOT_FOUND',
            patient === undefined
              ? 'Neither the registry nor the cross-reference has such a number.'
              : 'The registry has no such patient.',
          );
        }
        if (isJson()) for (const details of found) console.log(JSON.stringify(detailsJson(details)));
        else console.log(found.map(detailsText).join('\n\n'));
      },
    );

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

  addRegistryCommands(patients, globals);

  function print<T>(found: readonly T[], tableOf: (found: readonly T[]) => string): void {
    if (isJson()) for (const each of found) console.log(JSON.stringify(each));
    else console.log(tableOf(found));
  }

  return patients;
}

function notImported(outcome: Exclude<PatientsImport, { status: 'done' }>, lines: readonly number[]): DuctusError {
  const which = linesOf(outcome.status === 'different' ? outcome.changed : outcome.positions, lines);
  return new DuctusError(
    'DUCTUS_REQUEST_INVALID',
    outcome.status === 'different'
      ? `Nothing was imported: another number is there for ${which}. Compare them; --replace takes those of the file.`
      : `Nothing was imported: ${which} contradict an earlier line of the file.`,
  );
}

const PAGE = 1000;

async function allOf<T>(
  list: (page: { readonly limit: number; readonly offset: number }) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const all: T[] = [];
  for (;;) {
    const page = await list({ limit: PAGE, offset: all.length });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
