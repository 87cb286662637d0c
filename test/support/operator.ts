/** An operator who has nothing but the command line: `ductus` with the configuration of a hospital. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { ductus, type Ended } from '../cli/ductus-command';
import type { Hospital } from './ductus';

export interface Operator {
  readonly configFile: string;
  run(...args: string[]): Promise<Ended>;
  /** With `--json`: the objects of its lines. */
  json(...args: string[]): Promise<{ readonly status: number | null; readonly lines: readonly unknown[] }>;
}

/**
 * @param change what this operator's configuration has otherwise
 * @param secrets further environment
 */
export function operatorOf(
  hospital: Pick<Hospital, 'configInput' | 'secrets'>,
  folder: string,
  change: object = {},
  secrets: Readonly<Record<string, string>> = {},
): Operator {
  const configFile = path.join(folder, 'ductus.yaml');
  mkdirSync(folder, { recursive: true });
  writeFileSync(configFile, stringify({ ...hospital.configInput, ...change }));
  const env = { ...hospital.secrets, ...secrets };
  const run = (...args: string[]): Promise<Ended> => ductus(['--config', configFile, ...args], env);
  return {
    configFile,
    run,
    json: async (...args) => {
      const { status, stdout, stderr } = await run('--json', ...args);
      if (stdout === '' && status !== 0) throw new Error(stderr);
      return {
        status,
        lines: stdout
          .trim()
          .split('\n')
          .filter((line) => line !== '')
          .map((line): unknown => JSON.parse(line)),
      };
    },
  };
}
