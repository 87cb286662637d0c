/** `ductus keys …`: which keys of the ring are still needed. */
import { Command } from 'commander';
import { DuctusError } from '../domain/errors';
import { keyUse, type KeyUse } from '../runtime/key-use';
import { withReachable, type GlobalOptions } from './context';
import { table } from './output';

/** Builds the command. */
export function keysCommand(globals: () => GlobalOptions): Command {
  const keys = new Command('keys').description('keys that encrypt what is stored');
  keys
    .command('list')
    .description('count what each key encrypts: running work, and files in the blob store')
    .option('--closed', 'count closed work as well, as long as Temporal keeps it; takes time')
    .addHelpText('after', '\nExamples:\n  ductus keys list\n  ductus keys list --closed --json')
    .action(async (options: { readonly closed?: boolean }) => {
      const found = await withReachable(globals(), ({ config, client }) => {
        if (client === undefined)
          throw new DuctusError(
            'DUCTUS_TEMPORAL_UNAVAILABLE',
            'Temporal does not run here, and the configuration names none.',
          );
        return keyUse(config, client, options.closed === true);
      });
      if (globals().json === true) for (const each of found) console.log(JSON.stringify(each));
      else {
        const rows = found.map((each) => [
          each.keyId,
          each.state,
          String(each.running),
          each.closed === undefined ? '-' : String(each.closed),
          String(each.blobs),
          advice(each),
        ]);
        console.log(table(['KEY', 'STATE', 'RUNNING', 'CLOSED', 'BLOBS', 'WHAT IT MEANS'], rows, 'There is no key.'));
      }
    });
  return keys;
}

function advice({ state, running, closed, blobs }: KeyUse): string {
  const needed = running > 0 || blobs > 0;
  if (state === 'current') return 'encrypts from now on';
  if (state === 'missing')
    return needed ? 'put it back: what it encrypts cannot go on' : 'closed work cannot be read without it';
  if (needed) return 'keep it: work needs it';
  if (closed === undefined) return 'no work needs it; --closed says whether there is something left to read';
  return closed > 0 ? 'no work needs it; without it, closed work cannot be read' : 'it can be taken out';
}
