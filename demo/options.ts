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
  /** The exercise for operators: play it, or say how the one stands that goes on. */
  readonly nightShift: 'play' | 'score' | undefined;
  /** With the score: name the problems and what repairs them. */
  readonly solve: boolean;
}

interface Flags {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly dataDir?: string;
  readonly seed?: number;
  readonly send?: string;
  readonly nightShift?: boolean;
  readonly nightShiftScore?: boolean;
  readonly solve?: boolean;
}

/** What is wrong with a combination of flags. */
function conflict(flags: Flags): string | undefined {
  const isScore = flags.nightShiftScore === true;
  const modes = [flags.once === true, flags.send !== undefined, flags.nightShift === true, isScore];
  if (flags.json === true && flags.once !== true && !isScore) return '--json needs --once or --night-shift-score';
  if (flags.seed !== undefined && flags.once !== true) return '--seed needs --once';
  if (flags.solve === true && !isScore) return '--solve needs --night-shift-score';
  if (modes.filter(Boolean).length > 1)
    return '--send, --once, --night-shift and --night-shift-score exclude each other';
  return undefined;
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
    .option('--json', 'with --once or --night-shift-score: JSON on standard output')
    .option('--data-dir <folder>', 'folder for the data (default: .ductus/demo)')
    .option('--seed <number>', 'with --once: seed of the synthetic data (default: a random one)', seedOf)
    .option('--send <file>', 'share your own FHIR STU3 bundle with the demo that runs already')
    .option(
      '--night-shift',
      'an exercise for operators: ten problems to find and repair (docs/operations/night-shift.md)',
    )
    .option('--night-shift-score', 'how the night shift stands that goes on in another terminal')
    .option('--solve', 'with --night-shift-score: what the problems are, and what repairs them')
    .addHelpText(
      'after',
      '\nExamples:\n  npm start\n  npm start -- --send my-bundle.json\n  npm start -- --once --json\n' +
        '\nExit codes: 0 all is as it should be; 1 it is not, and the message says why; 2 wrong flags.',
    )
    .showHelpAfterError('(npm start -- --help shows the flags)')
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    });
  command.action(async (flags: Flags) => {
    const wrong = conflict(flags);
    if (wrong !== undefined) command.error(wrong, { exitCode: 2 });
    await run({
      once: flags.once === true,
      json: flags.json === true,
      dataDir: flags.dataDir,
      seed: flags.seed,
      send: flags.send,
      nightShift: flags.nightShift === true ? 'play' : flags.nightShiftScore === true ? 'score' : undefined,
      solve: flags.solve === true,
    });
  });
  return command;
}
