/**
 * `ductus patients consent|resend|unmerge|worklist`: the registry of patients. Numbers come from files and from standard input, as
 * in patients.ts.
 */
import { Option, type Command } from 'commander';
import { DuctusError } from '../domain/errors';
import { Consent } from '../domain/patient-sync';
import { ConsentEntrySchema, type ConsentEntry } from '../domain/patients';
import { CONSENTS, REGISTRY_STATES, type RegistryState } from '../queries/patient-registry';
import type { ResendResult } from '../runtime/patient-registry';
import type { ConsentOutcome } from '../store/consent';
import { byOption, EXIT, viewerHere, withOperations, withPatients, type GlobalOptions } from './context';
import { numbersFromInput } from './input';
import { table } from './output';
import { linesOf, readBytes, readConsentFile } from './patients-file';
import { worklistTable } from './patients-text';

interface ConsentOptions {
  readonly organization: string;
  readonly system?: string;
  readonly from?: string;
  readonly until?: string;
  readonly skipUnknown?: boolean;
  readonly by: string;
  readonly reason: string;
}

/** Which patients of the registry. */
export const stateOption = (): Option =>
  new Option('--state <state>', 'only patients in this state; parked: a message about them waits').choices([
    ...REGISTRY_STATES,
  ]);
export const consentOption = (): Option =>
  new Option('--consent <consent>', 'only patients with this consent').choices([...CONSENTS]);

/** Adds the commands. */
export function addRegistryCommands(patients: Command, globals: () => GlobalOptions): void {
  const isJson = (): boolean => globals().json === true;
  const consent = patients
    .command('consent')
    .description('whether data of patients may come back from Roche: give or withdraw it');

  const order = (name: string, description: string): Command =>
    consent
      .command(name)
      .description(description)
      .argument('[file]', 'CSV with a header; without it, numbers are read from standard input, one a line')
      .requiredOption('--organization <id>', 'organization of the configuration')
      .option('--system <uri>', 'system of the numbers, where several have the same');
  const last = (command: Command): Command =>
    command
      .option('--skip-unknown', 'leave out numbers that the registry does not have, instead of refusing all')
      .addOption(byOption('who enters it'))
      .requiredOption('--reason <text>', 'why; it is kept');

  const enter = async (
    file: string | undefined,
    { organization, system, from, until, skipUnknown = false, by, reason }: ConsentOptions,
    state: typeof Consent.given | typeof Consent.withdrawn,
  ): Promise<void> => {
    const given = file === undefined ? undefined : readConsentFile(readBytes(file));
    const plain = given?.entries ?? (await numbersFromInput()).map((number): ConsentEntry => ({ number }));
    const entries = plain.map((entry) =>
      entryOf({
        ...(system === undefined ? {} : { system }),
        ...(from === undefined ? {} : { from }),
        ...(until === undefined ? {} : { until }),
        ...entry,
      }),
    );
    const outcome = await withPatients(globals(), (operations) =>
      operations.consent(organization, entries, { ...viewerHere(by), reason, consent: state, skipUnknown }),
    );
    if (outcome.status === 'refused') throw notEntered(outcome, given?.lines ?? entries.map((_, index) => index + 1));
    const { changed, unchanged, unknown } = outcome;
    const skipped = unknown === 0 ? '' : `, ${String(unknown)} not in the registry`;
    console.log(
      isJson()
        ? JSON.stringify({ organization, consent: state, changed, unchanged, unknown })
        : `${organization}: consent ${state} for ${String(changed)}, ${String(unchanged)} unchanged${skipped}.`,
    );
  };

  last(
    order('give', 'enter that patients have consented: all of them or, when one is not in the registry, none')
      .option('--from <time>', 'first day, or a moment: data that came before stay away; left out: all data')
      .option('--until <time>', 'last day, or the moment of the end; left out: until it is withdrawn'),
  )
    .addHelpText(
      'after',
      `
A file has the columns number,system,from,until; all but the first may be left out, and what a line leaves empty comes from
the options. Days are those of the organization's time zone.

Examples:
  ductus patients consent give --organization st-marien --until 2027-12-31 --reason "signed at the desk" < number.txt
  ductus patients consent give consents.csv --organization st-marien --by anna --reason "import from the archive"`,
    )
    .action((file: string | undefined, options: ConsentOptions) => enter(file, options, Consent.given));

  last(order('withdraw', 'enter that patients have withdrawn their consent: from now on nothing more is delivered'))
    .addHelpText(
      'after',
      '\nExample:\n  ductus patients consent withdraw --organization st-marien --reason "letter of 3 May" < number.txt',
    )
    .action((file: string | undefined, options: ConsentOptions) => enter(file, options, Consent.withdrawn));

  patients
    .command('resend')
    .description(
      'send patients to Roche again: what Roche refused at once, and otherwise with the next message of the HIS, also when it says nothing new',
    )
    .argument('[patients...]', 'ids of workflows, or the keyed hashes at their ends')
    .requiredOption('--organization <id>', 'organization of the configuration')
    .option('--all', 'everybody whom the filter finds')
    .addOption(stateOption())
    .addOption(consentOption())
    .addOption(byOption('who orders it'))
    .requiredOption('--reason <text>', 'why; it is kept')
    .addHelpText(
      'after',
      `
What the HIS has sent stands in Temporal until Roche has it, and nowhere after that: it cannot be sent again from here. For a
patient whom Roche has, have the HIS send a message (A08, A31) after this.

Examples:
  ductus patients resend patient-sync/st-marien/Jx0v… --organization st-marien --reason "address corrected at Roche"
  ductus patients resend --all --state parked --organization st-marien --reason "mapping fixed"`,
    )
    .action(
      async (
        hashes: readonly string[],
        {
          organization,
          all = false,
          state,
          consent: only,
          by,
          reason,
        }: {
          readonly organization: string;
          readonly all?: boolean;
          readonly state?: RegistryState;
          readonly consent?: Consent;
          readonly by: string;
          readonly reason: string;
        },
      ) => {
        if (all === hashes.length > 0) {
          throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Name patients, or give --all.');
        }
        const selection = all ? { all: { state, consent: only } } : { patients: hashes };
        const results = await withOperations(globals(), (operations) =>
          withPatients(globals(), (registry) =>
            registry.resend(organization, selection, { ...viewerHere(by), reason }, operations.repair),
          ),
        );
        printResults(results, isJson());
      },
    );

  patients
    .command('unmerge')
    .description('take a merge (A40) back that was a mistake: the number is a patient of its own again')
    .argument('<patients...>', 'merged ones: ids of workflows, or the keyed hashes at their ends')
    .requiredOption('--organization <id>', 'organization of the configuration')
    .addOption(byOption('who orders it'))
    .requiredOption('--reason <text>', 'why; it is kept')
    .addHelpText(
      'after',
      `
What Roche and the EMR have stays where it is: have the HIS send both patients (A08, A31) after this, and put right what came
under the wrong one. A consent that was entered after the merge stays with the survivor.

Examples:
  ductus patients list --organization st-marien --state merged
  ductus patients unmerge patient-sync/st-marien/Jx0v… --organization st-marien --reason "two people, call of 3 May"`,
    )
    .action(
      async (
        hashes: readonly string[],
        { organization, by, reason }: { readonly organization: string; readonly by: string; readonly reason: string },
      ) => {
        const results = await withPatients(globals(), (operations) =>
          operations.unmerge(organization, hashes, { ...viewerHere(by), reason }),
        );
        if (isJson()) for (const each of results) console.log(JSON.stringify(each));
        else {
          const rows = results.map(({ patient, refused }) => [
            patient,
            refused === undefined ? 'is a patient of its own' : `no: ${refused}`,
          ]);
          console.log(table(['PATIENT', 'RESULT'], rows, ''));
        }
        if (results.some(({ refused }) => refused !== undefined)) process.exitCode = EXIT.failed;
      },
    );

  patients
    .command('worklist')
    .description(
      'what the registration desk has to put right: messages that Roche refused, and merged patients whom Roche still has',
    )
    .option('--organization <id>', 'only this organization')
    .option('--numbers', 'also the numbers of the patients; that is audited')
    .addHelpText('after', '\nExample:\n  ductus patients worklist --organization st-marien')
    .action(async ({ organization, numbers }: { readonly organization?: string; readonly numbers?: boolean }) => {
      const found = await withPatients(globals(), (operations) =>
        operations.worklist({ organization }, numbers === true ? viewerHere() : undefined),
      );
      if (isJson()) for (const each of found) console.log(JSON.stringify(each));
      else console.log(worklistTable(found));
    });
}

/** @throws DuctusError DUCTUS_REQUEST_INVALID */
function entryOf(entry: ConsentEntry): ConsentEntry {
  const parsed = ConsentEntrySchema.safeParse(entry);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DuctusError(
    'DUCTUS_REQUEST_INVALID',
    `Nothing was written: ${String(issue?.path[0] ?? 'an entry')} ${issue?.message ?? 'is wrong'}.`,
  );
}

function notEntered(
  { unknown, ambiguous, contradictory }: Extract<ConsentOutcome, { status: 'refused' }>,
  lines: readonly number[],
): DuctusError {
  const problems = [
    ...(unknown.length === 0 ? [] : [`the registry has no patient with the number of ${linesOf(unknown, lines)}`]),
    ...(ambiguous.length === 0
      ? []
      : [`several patients have the number of ${linesOf(ambiguous, lines)}: name its system`]),
    ...(contradictory.length === 0
      ? []
      : [`${linesOf(contradictory, lines)} contradict what an earlier one says of the same patient`]),
  ];
  return new DuctusError('DUCTUS_REQUEST_INVALID', `Nothing was written: ${problems.join('; ')}.`);
}

function printResults(results: readonly ResendResult[], json: boolean): void {
  if (json) for (const each of results) console.log(JSON.stringify(each));
  else {
    const rows = results.map(({ patient, done, refused }) => [
      patient,
      done === 'retried'
        ? 'goes again'
        : done === 'cleared'
          ? 'goes with the next message of the HIS'
          : `no: ${refused ?? ''}`,
    ]);
    console.log(table(['PATIENT', 'RESULT'], rows, 'There are no such patients.'));
  }
  if (results.some(({ refused }) => refused !== undefined)) process.exitCode = EXIT.failed;
}
