/** `ductus history …`: histories of workflows out of Temporal, as they are stored there. */
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { DuctusError } from '../domain/errors';
import { exportHistory } from '../runtime/temporal/histories';
import { withReachable, type GlobalOptions } from './context';

interface ExportOptions {
  readonly run?: string;
  readonly out?: string;
}

/** Builds the command. @param globals options of the program, read when the command runs */
export function historyCommand(globals: () => GlobalOptions): Command {
  const history = new Command('history').description('histories of workflows, as Temporal stores them');
  history
    .command('export')
    .description('write a history down with its payloads left encrypted, in the form that a replay reads')
    .argument('<workflow>', 'workflow id, as in `parked list`')
    .option('--run <id>', 'run id; default: the newest run')
    .option('--out <file>', 'file to write; default: standard output')
    .addHelpText(
      'after',
      `
Example:
  ductus history export data-sharing/st-marien/0f3c… --out 0.1.0-delivered.json

A replay needs the key that encrypted the payloads: workflows decide by what is in them.`,
    )
    .action(async (workflow: string, { run, out }: ExportOptions) => {
      const text = await withReachable(globals(), ({ client }) => {
        if (client === undefined) throw new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', 'No Temporal server runs here.');
        return exportHistory(client, workflow, run);
      });
      const line = JSON.stringify(JSON.parse(text));
      if (out === undefined) {
        process.stdout.write(`${line}\n`);
        return;
      }
      // Not over a file that is there: recorded histories are never changed. Only the owner: it is encrypted, not public.
      try {
        writeFileSync(out, `${line}\n`, { flag: 'wx', mode: 0o600 });
      } catch (error) {
        const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
        throw new DuctusError(
          'DUCTUS_REQUEST_INVALID',
          `The file ${out} ${exists ? 'exists already' : 'cannot be written'}.`,
          {
            cause: error,
          },
        );
      }
      console.log(
        globals().json === true
          ? JSON.stringify({ workflowId: workflow, file: out, bytes: line.length + 1 })
          : `Written to ${out}.`,
      );
    });
  return history;
}
