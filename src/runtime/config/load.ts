/**
 * Reads the configuration: defaults < file < environment. All problems are found at once, each named by
 * its key and line, with what is allowed; no message holds a secret.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { DuctusError } from '../../domain/errors';
import { CONFIG_FILE_VARIABLE, withEnvironment } from './environment';
import type { Environment } from './environment';
import { describeProblems } from './problems';
import { createConfigSchema } from './schema';
import type { Config, SecretReader } from './schema';
import { Secret } from './secret';

export interface LoadConfigOptions {
  /** Path of the YAML file; `DUCTUS_CONFIG` when left out. */
  readonly file?: string;
  /** Usually `process.env`. */
  readonly env: Environment;
}

/**
 * Loads, checks and freezes the configuration.
 * @throws DuctusError DUCTUS_CONFIG_INVALID that lists every problem
 */
export function loadConfig(options: LoadConfigOptions): Config {
  const file = options.file ?? options.env[CONFIG_FILE_VARIABLE];
  if (file === undefined || file === '') {
    throw new DuctusError(
      'DUCTUS_CONFIG_INVALID',
      `no configuration file: give its path, or set ${CONFIG_FILE_VARIABLE} (config/example.yaml is one to start from)`,
    );
  }
  return parseConfig(readText(file), { name: file, folder: dirname(resolve(file)), env: options.env });
}

export interface ParseConfigOptions {
  /** Name of the source in messages. */
  readonly name: string;
  /** Relative paths of secrets and of the site's files start here. */
  readonly folder: string;
  readonly env: Environment;
}

/** As `loadConfig`, for a text already at hand. */
export function parseConfig(text: string, options: ParseConfigOptions): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => `line ${lines.linePos(error.pos[0]).line}: ${error.code}`);
    throw invalid(options.name, problems, 'is not YAML');
  }
  const content: unknown = document.toJS();
  const { raw, setBy } = withEnvironment(content, options.env);
  const result = createConfigSchema(secretReader(options)).safeParse(raw);
  if (!result.success) {
    const problems = describeProblems(result.error.issues, {
      input: raw,
      origin: (path) => origin(document, lines, path, setBy),
    });
    throw invalid(options.name, problems);
  }
  resolveSitePaths(result.data, options.folder);
  return deepFreeze(result.data);
}

/** Files of the site start at the configuration, wherever Ductus was started. */
function resolveSitePaths({ destinations }: Config, folder: string): void {
  for (const { mapping } of Object.values(destinations)) {
    mapping.codeMaps = mapping.codeMaps.map((file) => resolve(folder, file));
    if (mapping.module !== undefined) mapping.module = resolve(folder, mapping.module);
  }
}

/** Reads secrets from the environment and from files; a text from `folder` on where relative. */
export function secretReader(options: { readonly folder: string; readonly env: Environment }): SecretReader {
  return (ref) => {
    const value = 'env' in ref ? fromVariable(ref.env, options.env) : fromFile(ref.file, options.folder);
    return new Secret(value);
  };
}

function fromVariable(name: string, env: Environment): string {
  const value = env[name];
  if (value === undefined || value === '') {
    throw new Error(`the environment variable ${name} is not set`);
  }
  return value;
}

function fromFile(path: string, folder: string): string {
  let text: string;
  try {
    text = readFileSync(resolve(folder, path), 'utf8');
  } catch (error) {
    throw new Error(`the file ${path} cannot be read (${codeOf(error)})`, { cause: error });
  }
  // Editors and `kubectl create secret` leave a line end that is no part of the secret.
  const value = text.replace(/\r?\n$/, '');
  if (value === '') {
    throw new Error(`the file ${path} is empty`);
  }
  return value;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new DuctusError('DUCTUS_CONFIG_INVALID', `the configuration ${file} cannot be read (${codeOf(error)})`, {
      cause: error,
    });
  }
}

/** Where a value comes from: the variable that set it, or the nearest line of the file. */
function origin(
  document: Document,
  lines: LineCounter,
  path: readonly PropertyKey[],
  setBy: ReadonlyMap<string, string>,
): string | undefined {
  for (let length = path.length; length > 0; length--) {
    const part = path.slice(0, length);
    const variable = setBy.get(part.map(String).join('.'));
    if (variable !== undefined) {
      return `set by ${variable}`;
    }
    const node: unknown = document.getIn(part, true);
    if (hasRange(node)) {
      return `line ${lines.linePos(node.range[0]).line}`;
    }
  }
  return undefined;
}

function hasRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}

function invalid(name: string, problems: readonly string[], what?: string): DuctusError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new DuctusError(
    'DUCTUS_CONFIG_INVALID',
    [`${name} ${what ?? 'cannot be used'}: ${count}`, ...problems.map((problem) => `  ${problem}`)].join('\n'),
    { details: { problems: problems.length } },
  );
}

function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return 'unknown reason';
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) {
      deepFreeze(child);
    }
  }
  return value;
}
