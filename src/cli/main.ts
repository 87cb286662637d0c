#!/usr/bin/env -S node --max-semi-space-size=16
/**
 * The `ductus` command. The flag of Node (also in the Dockerfile) keeps its two heaps from taking 128 MiB each for what
 * has just been made: a third less memory under load, at the same speed (docs/guide/benchmarks.md).
 */
import { Command } from 'commander';
import { auditCommand } from './audit';
import { codeMapsCommand } from './code-maps';
import { configCommand } from './config';
import { EXIT, reportError, type GlobalOptions } from './context';
import { destinationsCommand } from './destinations';
import { doctorCommand } from './doctor';
import { historyCommand } from './history';
import { keysCommand } from './keys';
import { linksCommand } from './links';
import { parkedCommand } from './parked';
import { patientsCommand } from './patients';
import { previewCommand } from './preview';
import { redeliverCommand } from './redeliver';
import { releasesCommand } from './releases';
import { serveCommand } from './serve';
import { traceCommand } from './trace';

/** Builds the program; nothing runs before `parseAsync`. */
export function program(): Command {
  const root = new Command('ductus')
    .description('Durable health-data integration: what comes in is delivered once, whatever crashes.')
    .option('-c, --config <file>', 'configuration file (or DUCTUS_CONFIG)')
    .option('--json', 'one JSON object a line instead of text')
    .showHelpAfterError('(run with --help for examples)');
  const globals = (): GlobalOptions => root.opts<GlobalOptions>();
  root.addCommand(serveCommand(globals));
  root.addCommand(parkedCommand(globals));
  root.addCommand(traceCommand(globals));
  root.addCommand(doctorCommand(globals));
  root.addCommand(destinationsCommand(globals));
  root.addCommand(redeliverCommand(globals));
  root.addCommand(patientsCommand(globals));
  root.addCommand(auditCommand(globals));
  root.addCommand(historyCommand(globals));
  root.addCommand(releasesCommand(globals));
  root.addCommand(keysCommand(globals));
  root.addCommand(linksCommand(globals));
  root.addCommand(previewCommand(globals));
  root.addCommand(codeMapsCommand(globals));
  root.addCommand(configCommand(globals));
  // Usage errors have an exit code of their own, so that scripts can tell them from work that failed.
  const useExitCode = (command: Command): void => {
    command.exitOverride((error) => {
      process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
    });
    command.commands.forEach(useExitCode);
  };
  useExitCode(root);
  return root;
}

if (require.main === module) program().parseAsync().catch(reportError);
