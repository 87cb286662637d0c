/** `ductus destinations …`: how destinations stand; hold and resume them. */
import { Command } from 'commander';
import { DuctusError } from '../domain/errors';
import { byOption, withOperations, type GlobalOptions } from './context';
import { table, time } from './output';

interface OrderOptions {
  readonly by: string;
  readonly reason: string;
}

/** Builds the command. */
export function destinationsCommand(globals: () => GlobalOptions): Command {
  const destinations = new Command('destinations').description('where data goes, and how it stands');

  destinations
    .command('list')
    .description('list the destinations of the configuration')
    .addHelpText('after', '\nExample:\n  ductus destinations list')
    .action(async () => {
      const found = await withOperations(globals(), (operations) => operations.destinations());
      if (globals().json === true) for (const each of found) console.log(JSON.stringify(each));
      else {
        const rows = found.map((each) => [
          each.destination,
          each.state,
          String(each.waiting),
          time(each.since),
          time(each.nextAttemptAt),
          each.heldBy === null ? (each.code ?? '') : `held by ${each.heldBy}: ${each.heldReason ?? ''}`,
        ]);
        console.log(
          table(['DESTINATION', 'STATE', 'WAITING', 'SINCE', 'NEXT TRY', 'WHY'], rows, 'No destination is configured.'),
        );
      }
    });

  const order = (name: string, description: string): Command =>
    destinations
      .command(name)
      .description(description)
      .argument('<destination>')
      .addOption(byOption('who orders it'))
      .requiredOption('--reason <text>', 'why; it is kept');

  order('hold', 'send nothing there until it is resumed; what comes meanwhile waits in order')
    .addHelpText('after', '\nExample:\n  ductus destinations hold emr-main --reason "EMR upgrade until 22:00"')
    .action(async (destination: string, options: OrderOptions) => {
      await withOperations(globals(), (operations) => operations.hold(destination, options));
      console.log(
        globals().json === true ? JSON.stringify({ destination, order: 'hold' }) : `${destination} is being held.`,
      );
    });

  order('resume', 'let a held destination go on, or make a paused one try at once')
    .addHelpText('after', '\nExample:\n  ductus destinations resume emr-main --reason "upgrade done"')
    .action(async (destination: string, options: OrderOptions) => {
      const resumed = await withOperations(globals(), (operations) => operations.resume(destination, options));
      if (!resumed)
        throw new DuctusError(
          'DUCTUS_STATE_CONFLICT',
          `Destination "${destination}" is open: there is nothing to resume.`,
        );
      console.log(
        globals().json === true ? JSON.stringify({ destination, order: 'resume' }) : `${destination} goes on.`,
      );
    });

  return destinations;
}
