/** The flags of `npm start`. */
import { Command, InvalidArgumentError } from 'commander';

export interface DemoOptions {
  /** Play the day, print the result, end. */
  readonly once: boolean;
  /** One JSON line for each flow on standard output; everything else goes to standard error. */
  readonly json: boolean;
  /** Where the demo keeps its data. Default: `.ductus/demo`; with `once` a folder that is thrown away. */
  readonly dataDir: string | undefined;
  /** Seed of the synthetic data; default: a random one. */
  readonly seed: number | undefined;
  /** A file to be shared with the demo that runs already. */
  readonly send: string | undefined;
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 31) {
    throw new InvalidArgumentError('use a whole number from 0 to 2147483647');
  }
  return seed;
}

/** Builds the command. @param run is given the flags */
export function demoCommand(run: (options: DemoOptions) => Promise<void>): Command {
  const command = new Command('npm start --')
    .description(
      'Shows Ductus at work: starts a Roche simulator, an EMR simulator and Ductus itself (with a Temporal server and a ' +
        'PostgreSQL of its own), sends a sample day of synthetic data, and stays up until Ctrl-C.',
    )
    .option('--once', 'play the sample day in a folder that is thrown away, say how it went, and end')
    .option('--json', 'with --once: one JSON line for each flow on standard output')
    .option('--data-dir <folder>', 'folder for the data (default: .ductus/demo)')
    .option('--seed <number>', 'with --once: seed of the synthetic data (default: a random one)', seedOf)
    .option('--send <file>', 'share your own FHIR STU3 bundle with the demo that runs already')
    .addHelpText(
      'after',
      '\nExamples:\n  npm start\n  npm start -- --send my-bundle.json\n  npm start -- --once --json\n' +
        '\nExit codes: 0 all is as it should be; 1 it is not, and the message says why; 2 wrong flags.',
    )
    .showHelpAfterError('(npm start -- --help shows the flags)')
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    });
  command.action(async (flags: { once?: boolean; json?: boolean; dataDir?: string; seed?: number; send?: string }) => {
    if (flags.json === true && flags.once !== true) command.error('--json needs --once', { exitCode: 2 });
    if (flags.seed !== undefined && flags.once !== true) command.error('--seed needs --once', { exitCode: 2 });
    if (flags.send !== undefined && flags.once === true)
      command.error('--send and --once exclude each other', { exitCode: 2 });
    await run({
      once: flags.once === true,
      json: flags.json === true,
      dataDir: flags.dataDir,
      seed: flags.seed,
      send: flags.send,
    });
  });
  return command;
}
