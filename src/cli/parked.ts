/** `ductus parked …`: look at parked work and decide on it, one by one or in bulk. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Repair, RepairStep } from '../domain/data-sharing';
import { DuctusError, ERRORS, isErrorCode, type ErrorCode } from '../domain/errors';
import type { ParkedFilter } from '../queries/parked';
import { byOption, configOf, EXIT, withOperations, withStore, type GlobalOptions } from './context';
import { table, time } from './output';
import { patientsOfWork, patientsText } from './parked-patients';
import { parseCount, parseTime } from './times';
import { workDetails } from './work-details';

const STEPS: readonly RepairStep[] = ['retrieve', 'transform', 'deliver', 'acknowledge'];

interface FilterOptions {
  readonly organization?: string;
  readonly code?: ErrorCode;
  readonly since?: Date;
  readonly until?: Date;
  readonly limit?: number;
}

interface DecisionOptions extends FilterOptions {
  readonly all?: boolean;
  readonly by: string;
  readonly reason: string;
  readonly from?: RepairStep;
  readonly resource?: readonly string[];
}

function parseCode(text: string): ErrorCode {
  if (!isErrorCode(text)) throw new InvalidArgumentError(`use one of ${Object.keys(ERRORS).join(', ')}`);
  return text;
}

function withFilter(command: Command): Command {
  return command
    .option('--organization <id>', 'only this organization')
    .option('--code <code>', 'only this error code', parseCode)
    .option('--since <time>', 'only what was received since: 30m, 12h, 2d, or a time', parseTime)
    .option('--until <time>', 'only what was received before', parseTime)
    .option('--limit <n>', 'at most so many', parseCount);
}

function filterOf(options: FilterOptions): ParkedFilter {
  const { organization, code, since, until, limit } = options;
  return { organization, code, since, until, limit };
}

async function decide(
  ids: readonly string[],
  options: DecisionOptions,
  globals: GlobalOptions,
  repair: Repair,
): Promise<void> {
  if (ids.length > 0 === (options.all === true)) {
    throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Name workflow ids, or give --all with a filter.');
  }
  const results = await withOperations(globals, async (operations) => {
    if (options.all === true) return operations.repairAll(filterOf(options), repair);
    const done: { workflowId: string; refused?: string }[] = [];
    for (const workflowId of ids) {
      try {
        await operations.repair(workflowId, repair);
        done.push({ workflowId });
      } catch (error) {
        if (!(error instanceof DuctusError) || error.code === 'DUCTUS_TEMPORAL_UNAVAILABLE') throw error;
        done.push({ workflowId, refused: error.message });
      }
    }
    return done;
  });
  if (globals.json === true) for (const result of results) console.log(JSON.stringify(result));
  else {
    for (const { workflowId, refused } of results) console.log(`${workflowId}: ${refused ?? `${repair.action} taken`}`);
    if (results.length === 0) console.log('Nothing is parked that fits.');
  }
  if (results.some((result) => result.refused !== undefined)) process.exitCode = EXIT.failed;
}

/** Builds the command. @param globals options of the program, read when the command runs */
export function parkedCommand(globals: () => GlobalOptions): Command {
  const parked = new Command('parked').description('work that waits for a decision');

  withFilter(parked.command('list').description('list parked work, oldest first'))
    .addHelpText(
      'after',
      '\nExample:\n  ductus parked list --organization st-marien --code DUCTUS_EMR_REJECTED --since 12h',
    )
    .action(async (options: FilterOptions) => {
      const found = await withOperations(globals(), (operations) => operations.parked(filterOf(options)));
      if (globals().json === true) for (const work of found) console.log(JSON.stringify(work));
      else {
        const rows = found.map((work) => [work.workflowId, work.code, work.step, time(work.receivedAt), work.message]);
        console.log(table(['WORK', 'CODE', 'STEP', 'RECEIVED', 'WHAT'], rows, 'Nothing is parked.'));
      }
    });

  parked
    .command('show')
    .description('everything about one piece of work, without clinical values')
    .argument('<id>', 'workflow id, as in `parked list`')
    .option(
      '--patients',
      'also the numbers of the patients of the file, and which are missing; the audit says who looked',
    )
    .addHelpText('after', '\nExample:\n  ductus parked show data-sharing/st-marien/0f3c…')
    .action(async (id: string, options: { readonly patients?: boolean }) => {
      const work = await withOperations(globals(), (operations) => operations.work(id));
      if (work === undefined) throw new DuctusError('DUCTUS_NOT_FOUND', `The ledger knows no work with the id ${id}.`);
      const config = configOf(globals());
      const people =
        options.patients === true ? await withStore(config, (store) => patientsOfWork(config, store, id)) : undefined;
      if (globals().json === true) {
        console.log(JSON.stringify({ ...work, ...people }));
        return;
      }
      console.log(workDetails(work));
      if (people !== undefined) console.log(`\n${patientsText(people)}`);
    });

  const decision = (name: string, description: string): Command =>
    withFilter(parked.command(name).description(description).argument('[ids...]', 'workflow ids'))
      .option('--all', 'everything that the filter finds')
      .addOption(byOption('who decides'))
      .requiredOption('--reason <text>', 'why; it is kept');

  decision('retry', 'go on, from the failed step or an earlier one')
    .addOption(new Option('--from <step>', 'step to go on from').choices(STEPS))
    .addHelpText(
      'after',
      '\nExample:\n  ductus parked retry --all --code DUCTUS_EMR_REJECTED --from transform --reason "mapping fixed in 1.4.2"',
    )
    .action((ids: string[], options: DecisionOptions) => {
      const { by, reason, from } = options;
      return decide(ids, options, globals(), { action: 'retry', by, reason, ...(from === undefined ? {} : { from }) });
    });

  decision('skip', 'leave resources out, deliver the rest, acknowledge')
    .option(
      '--resource <reference...>',
      'FHIR references, like Observation/123; default: those of the message that failed, or that would go to another patient',
    )
    .addHelpText(
      'after',
      '\nExample:\n  ductus parked skip data-sharing/st-marien/0f3c… --resource Observation/123 --reason "wrong unit, hospital informed"',
    )
    .action((ids: string[], options: DecisionOptions) => {
      const { by, reason, resource } = options;
      return decide(ids, options, globals(), { action: 'skip', resources: resource ?? [], by, reason });
    });

  decision('discard', 'deliver nothing, acknowledge so that Roche stops')
    .addHelpText('after', '\nExample:\n  ductus parked discard data-sharing/st-marien/0f3c… --reason "test data"')
    .action((ids: string[], options: DecisionOptions) => {
      const { by, reason } = options;
      return decide(ids, options, globals(), { action: 'discard', by, reason });
    });

  return parked;
}
