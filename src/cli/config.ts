/** `ductus config check`: what is wrong with the configuration, and what is probably not meant so. */
import { Command } from 'commander';
import { DuctusError } from '../domain/errors';
import { adviceOn, folderProblems } from '../runtime/config/advice';
import { loadSiteFiles } from '../runtime/site/site-files';
import { configOf, type GlobalOptions } from './context';

/** Builds the command. @param globals options of the program, read when the command runs */
export function configCommand(globals: () => GlobalOptions): Command {
  const config = new Command('config').description('the configuration');
  config
    .command('check')
    .description('read the configuration, its secrets and the files of the site, and say what is wrong')
    .addHelpText('after', '\nExample:\n  ductus --config ductus.yaml config check')
    .action(() => {
      check(globals());
    });
  return config;
}

function check(options: GlobalOptions): void {
  const config = configOf(options);
  loadSiteFiles(config);
  const problems = folderProblems(config);
  if (problems.length > 0) {
    throw new DuctusError('DUCTUS_CONFIG_INVALID', ['It cannot be used:', ...problems].join('\n  '), {
      details: { problems: problems.length },
    });
  }
  const [organizations, destinations] = [Object.keys(config.organizations), Object.keys(config.destinations)];
  const warnings = adviceOn(config);
  if (options.json === true) {
    console.log(JSON.stringify({ valid: true, organizations, destinations, warnings }));
    return;
  }
  for (const warning of warnings) console.error(`Warning: ${warning}`);
  console.log(
    `The configuration is valid: ${String(organizations.length)} organizations, ${String(destinations.length)} destinations.`,
  );
}
