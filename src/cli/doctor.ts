/** `ductus doctor`: looks at everything outside, and says what is wrong and what to do. */
import { Command } from 'commander';
import { DuctusError } from '../domain/errors';
import type { Finding } from '../domain/findings';
import { examine } from '../runtime/doctor';
import { EXIT, withReachable, type GlobalOptions } from './context';

const LABELS = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' } as const;

/** Builds the command. @param globals options of the program, read when the command runs */
export function doctorCommand(globals: () => GlobalOptions): Command {
  return new Command('doctor')
    .description('check every server, partner, certificate and clock, and say what to do; sends no message')
    .option('--problems', 'only what is wrong')
    .addHelpText(
      'after',
      `
Examples:
  ductus doctor
  ductus --json doctor --problems

Exit code 1 when something fails, 3 when the configuration cannot be read; warnings alone give 0. It asks Roche for a token for each organization.`,
    )
    .action(async ({ problems }: { readonly problems?: boolean }) => {
      const findings = await examined(globals());
      const shown = findings.filter(({ level }) => problems !== true || level !== 'ok');
      if (globals().json === true) for (const finding of shown) console.log(JSON.stringify(finding));
      else {
        for (const finding of shown) console.log(text(finding));
        const count = (level: Finding['level']): string =>
          String(findings.filter((each) => each.level === level).length);
        console.log(`${count('fail')} failures, ${count('warn')} warnings, ${count('ok')} checks are fine.`);
      }
      if (findings.some(({ level }) => level === 'fail')) process.exitCode ??= EXIT.failed;
    });
}

/** With a configuration that cannot be read there is one finding, which lists all of its problems. */
async function examined(globals: GlobalOptions): Promise<readonly Finding[]> {
  try {
    return await withReachable(globals, examine);
  } catch (error) {
    if (!(error instanceof DuctusError) || error.code !== 'DUCTUS_CONFIG_INVALID') throw error;
    process.exitCode = EXIT.config;
    const todo = 'Correct the configuration, then run it again: nothing else was looked at.';
    return [{ level: 'fail', check: 'configuration', where: 'configuration', what: error.message, todo }];
  }
}

function text({ level, where, what, todo }: Finding): string {
  const line = `${LABELS[level]}  ${where}: ${what}`;
  return todo === undefined ? line : `${line}\n      → ${todo}`;
}
