/** `ductus code-maps check`: looks at code map files before a worker starts with them. */
import { Command } from 'commander';
import { DuctusError } from '../domain/errors';
import { readCodeMapFile, type CodeMapFile } from '../runtime/site/code-map-file';
import { configOf, EXIT, type GlobalOptions } from './context';

/** Builds the command. */
export function codeMapsCommand(globals: () => GlobalOptions): Command {
  const codeMaps = new Command('code-maps').description('files that give codes their names in the hospital');
  codeMaps
    .command('check')
    .description('check files, or all that the configuration names: schema, duplicates, check digits, units')
    .argument('[files...]', 'YAML files')
    .addHelpText(
      'after',
      '\nExamples:\n  ductus code-maps check glucose.codes.yaml\n  ductus --config ductus.yaml code-maps check',
    )
    .action((files: readonly string[]) => {
      const checked = (files.length > 0 ? files : configuredFiles(globals())).map(readCodeMapFile);
      for (const file of checked) print(file, globals().json === true);
      if (checked.some(({ problems }) => problems.length > 0)) process.exitCode = EXIT.config;
    });
  return codeMaps;
}

function configuredFiles(globals: GlobalOptions): readonly string[] {
  const { destinations } = configOf(globals);
  const files = [...new Set(Object.values(destinations).flatMap(({ mapping }) => mapping.codeMaps))];
  if (files.length === 0) {
    throw new DuctusError('DUCTUS_CONFIG_INVALID', 'no destination of the configuration names a code map');
  }
  return files;
}

function print({ file, name, mappings, problems, warnings }: CodeMapFile, asJson: boolean): void {
  if (asJson) {
    console.log(
      JSON.stringify({ file, name, rows: mappings.length, valid: problems.length === 0, problems, warnings }),
    );
    return;
  }
  if (problems.length === 0) console.log(`${file}: ${mappings.length} rows, no problem (${name ?? ''})`);
  else console.log(`${file}: ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}`);
  for (const problem of problems) console.log(`  ${problem}`);
  for (const warning of warnings) console.log(`  look at: ${warning}`);
}
