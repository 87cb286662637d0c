/**
 * Environment variables that stand above the file: what differs between two machines with the same file.
 * Everything else belongs in the file, where a reviewer sees it.
 */
export interface EnvironmentOverride {
  readonly variable: string;
  readonly path: readonly string[];
  /** `secret`: the variable holds the value itself, and the configuration a reference to the variable. */
  readonly kind: 'text' | 'number' | 'secret';
}

export const ENVIRONMENT_OVERRIDES: readonly EnvironmentOverride[] = [
  { variable: 'DUCTUS_DATA_DIR', path: ['dataDir'], kind: 'text' },
  { variable: 'DUCTUS_API_HOST', path: ['api', 'host'], kind: 'text' },
  { variable: 'DUCTUS_API_PORT', path: ['api', 'port'], kind: 'number' },
  { variable: 'DUCTUS_TEMPORAL_ADDRESS', path: ['temporal', 'address'], kind: 'text' },
  { variable: 'DUCTUS_TEMPORAL_NAMESPACE', path: ['temporal', 'namespace'], kind: 'text' },
  { variable: 'DUCTUS_TEMPORAL_TASK_QUEUE', path: ['temporal', 'taskQueue'], kind: 'text' },
  { variable: 'DUCTUS_TEMPORAL_API_KEY', path: ['temporal', 'apiKey'], kind: 'secret' },
  { variable: 'DUCTUS_TEMPORAL_BINARY', path: ['temporal', 'embedded', 'binary'], kind: 'text' },
  { variable: 'DUCTUS_STORE_URL', path: ['store', 'url'], kind: 'secret' },
  { variable: 'DUCTUS_STORE_POOL_SIZE', path: ['store', 'poolSize'], kind: 'number' },
  { variable: 'DUCTUS_LOG_LEVEL', path: ['log', 'level'], kind: 'text' },
];

/** The variable that names the configuration file. */
export const CONFIG_FILE_VARIABLE = 'DUCTUS_CONFIG';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Lays the variables over what the file holds.
 * @param raw content of the file, or nothing
 * @returns a copy; and the variable behind each path that it set, so that a message can name it
 */
export function withEnvironment(
  raw: unknown,
  env: Environment,
): { readonly raw: unknown; readonly setBy: ReadonlyMap<string, string> } {
  const setBy = new Map<string, string>();
  let result: unknown = raw ?? {};
  for (const { variable, path, kind } of ENVIRONMENT_OVERRIDES) {
    const text = env[variable];
    if (text === undefined || text === '') {
      continue;
    }
    result = setAt(result, path, valueOf(kind, variable, text));
    setBy.set(path.join('.'), variable);
  }
  return { raw: result, setBy };
}

function valueOf(kind: EnvironmentOverride['kind'], variable: string, text: string): unknown {
  switch (kind) {
    case 'secret':
      return { env: variable };
    case 'number':
      // What is no number goes on as text: the schema says what is wrong with it.
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    case 'text':
      return text;
  }
}

function setAt(target: unknown, [head, ...rest]: readonly string[], value: unknown): unknown {
  if (head === undefined) {
    return value;
  }
  if (target !== undefined && target !== null && !isRecord(target)) {
    // A list or a text where a section belongs: leave it, the schema names it.
    return target;
  }
  const section = target ?? {};
  return { ...section, [head]: setAt(section[head], rest, value) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
