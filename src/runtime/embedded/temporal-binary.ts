/**
 * Finds the `temporal` program, or gets it: configured → on PATH → in the cache → the SDK's own download →
 * built by Go. Each step says what it does, since two of them take time.
 */
import { execFile, spawn } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { DuctusError } from '../../domain/errors';
import { ended } from './child';
import { canReach } from './ports';

/** Newer tags have a replace directive in go.mod and cannot be installed by `go install`. */
export const TEMPORAL_CLI_VERSION = '1.5.1';
const GO_PACKAGE = `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}`;

/** `--version` answers within 100 ms; a program that takes this long is another one. */
const VERSION_MS = 10_000;
/** The download host answers at once or is not reachable from here. */
const REACH_MS = 3_000;
/** About 100 MB. */
const DOWNLOAD_MS = 5 * 60_000;
/** 3 minutes on two cores. */
const BUILD_MS = 20 * 60_000;

export interface FindTemporalOptions {
  /** Configured path; then nothing else is tried. */
  readonly binary?: string;
  /** Told in short lines what is tried. */
  readonly log: (line: string) => void;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folder of programs got by Ductus; default: the user's cache. */
  readonly cacheDir?: string;
  /** Host of the SDK's download, to see fast whether it can be reached. */
  readonly downloadHost?: { readonly host: string; readonly port: number };
}

/**
 * @returns path of a program that answered `--version`
 * @throws DuctusError DUCTUS_TEMPORAL_UNAVAILABLE with the three ways out
 */
export async function findTemporalBinary(options: FindTemporalOptions): Promise<string> {
  const env = options.env ?? process.env;
  const configured = options.binary ?? nonEmpty(env['DUCTUS_TEMPORAL_BINARY']);
  if (configured !== undefined) {
    if (!(await works(configured))) {
      throw new DuctusError(
        'DUCTUS_TEMPORAL_UNAVAILABLE',
        `${configured} (DUCTUS_TEMPORAL_BINARY or temporal.embedded.binary) is not a Temporal CLI that runs here`,
      );
    }
    return configured;
  }

  for (const program of onPath(programName('temporal'), env)) {
    if (await works(program)) {
      return program;
    }
  }

  const folder = join(options.cacheDir ?? userCacheDir(env), `temporal-${TEMPORAL_CLI_VERSION}`);
  const cached = join(folder, programName('temporal'));
  if (isExecutable(cached) && (await works(cached))) {
    return cached;
  }
  mkdirSync(folder, { recursive: true });
  return (
    (await download(cached, folder, options, env)) ?? (await build(cached, folder, options, env)) ?? giveUp(folder)
  );
}

/** The SDK's download, in a process of its own: it can be ended, and it leaves no runtime installed in ours. */
async function download(
  target: string,
  folder: string,
  options: FindTemporalOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const host = options.downloadHost ?? { host: 'temporal.download', port: 443 };
  const proxied = nonEmpty(env['HTTPS_PROXY'] ?? env['https_proxy']) !== undefined;
  if (!proxied && !(await canReach(host.host, host.port, REACH_MS))) {
    options.log(`Temporal server: ${host.host} cannot be reached, so no download`);
    return undefined;
  }
  const draft = mkdtempSync(join(folder, 'download-'));
  try {
    options.log(`Temporal server: downloading ${TEMPORAL_CLI_VERSION} (about 100 MB, once)`);
    // It downloads by starting a server, which is stopped at once.
    const script = `
      const { TestWorkflowEnvironment } = require('@temporalio/testing');
      const executable = { type: 'cached-download', version: 'v${TEMPORAL_CLI_VERSION}', downloadDir: process.argv[1] };
      TestWorkflowEnvironment.createLocal({ server: { executable } })
        .then((environment) => environment.teardown())
        .then(() => process.exit(0), (error) => { console.error(String(error)); process.exit(1); });`;
    const child = spawn(process.execPath, ['-e', script, draft], { cwd: __dirname, stdio: 'ignore', env: { ...env } });
    if (!(await succeeds(child, DOWNLOAD_MS))) {
      options.log('Temporal server: the download failed');
      return undefined;
    }
    const program = readdirSync(draft)
      .map((name) => join(draft, name))
      .find((path) => statSync(path).isFile());
    return program === undefined ? undefined : await keep(program, target);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function build(
  target: string,
  folder: string,
  options: FindTemporalOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const [go] = [...onPath(programName('go'), env), '/usr/local/go/bin/go'].filter(isExecutable);
  if (go === undefined) {
    return undefined;
  }
  const draft = mkdtempSync(join(folder, 'build-'));
  try {
    options.log(`Temporal server: building ${TEMPORAL_CLI_VERSION} with Go (about 3 minutes, once)`);
    const child = spawn(go, ['install', GO_PACKAGE], {
      cwd: draft,
      env: { ...env, GOBIN: draft },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let lastWords = '';
    child.stderr.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-500)));
    if (!(await succeeds(child, BUILD_MS))) {
      options.log(`Temporal server: Go could not build it: ${lastWords.trim().split('\n').at(-1) ?? ''}`);
      return undefined;
    }
    return await keep(join(draft, programName('temporal')), target);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Moves a program to its place in one step: somebody else may be doing the same. */
async function keep(program: string, target: string): Promise<string | undefined> {
  chmodSync(program, 0o755);
  if (!(await works(program))) {
    return undefined;
  }
  renameSync(program, target);
  return target;
}

function giveUp(folder: string): never {
  throw new DuctusError(
    'DUCTUS_TEMPORAL_UNAVAILABLE',
    [
      'no Temporal server was found, and none could be downloaded or built. Three ways out:',
      '  1. install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on PATH, or name it in DUCTUS_TEMPORAL_BINARY;',
      `  2. put the program into ${folder};`,
      '  3. set DUCTUS_TEMPORAL_ADDRESS (or temporal.address) to a Temporal server that runs already.',
    ].join('\n'),
  );
}

/** One built by `go install` calls itself 0.0.0-DEV. */
async function works(program: string): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: VERSION_MS });
    return /^temporal version \d/.test(stdout);
  } catch {
    return false;
  }
}

async function succeeds(child: ReturnType<typeof spawn>, limitMs: number): Promise<boolean> {
  const failed = new Promise<undefined>((resolve) => child.once('error', () => resolve(undefined)));
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const end = await Promise.race([ended(child), failed]);
  clearTimeout(timer);
  return end?.code === 0;
}

function onPath(name: string, env: Readonly<Record<string, string | undefined>>): string[] {
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Where programs of the user's own go: XDG on Linux, the platform's folder elsewhere. */
function userCacheDir(env: Readonly<Record<string, string | undefined>>): string {
  switch (process.platform) {
    case 'darwin':
      return join(homedir(), 'Library', 'Caches', 'ductus');
    case 'win32':
      return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'ductus');
    default:
      return join(nonEmpty(env['XDG_CACHE_HOME']) ?? join(homedir(), '.cache'), 'ductus');
  }
}

function programName(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
