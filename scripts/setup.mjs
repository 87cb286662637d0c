/**
 * Makes a fresh clone ready, before `npm start` and `npm test`: packages, compiled code, a Temporal server.
 * Does only what is missing, and says what it does. Plain Node 18 or later and no packages: it runs before there are any.
 *
 *   node scripts/setup.mjs            all of it
 *   node scripts/setup.mjs install    packages only
 *   node scripts/setup.mjs build      packages and compiled code
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.setup.json');
const BUNDLE = join(DIST, 'workflow-bundle.js');
/** What `tsconfig.build.json` compiles. */
const COMPILED = ['src', 'demo', 'simulators', 'bench', 'scripts'];
/** What the workflow bundle is made of; the lock file stands for the packages in it. */
const BUNDLED = ['dist/src/workflows', 'dist/src/domain', 'dist/src/runtime/codec', 'dist/scripts/build-workflows.js'];

const goal = process.argv[2] ?? 'all';
if (!['install', 'build', 'all'].includes(goal)) {
  fail(`unknown goal "${goal}": use install, build, or none for all of it`);
}

installPackages();
const node = suitableNode();
if (goal !== 'install') {
  compile();
  bundleWorkflows();
}
if (goal === 'all') {
  findTemporal();
}

function installPackages() {
  if (packagesAreThere()) {
    return;
  }
  say('installing packages (npm ci; about half a minute)');
  // The first npm may run under an old Node: what it warns about is not what will run, so only its errors are shown.
  // --include=dev: also where NODE_ENV is "production", since the demo and the tests are development.
  const args = ['ci', '--include=dev', '--loglevel=error', '--no-fund', '--no-audit'];
  const npm = process.env.npm_execpath;
  const byNode = npm !== undefined && /npm-cli\.js$/.test(npm);
  // Not the Node of node_modules: npm is about to remove that.
  const outer = process.env.npm_node_execpath ?? process.execPath;
  run(byNode ? outer : npmProgram(), byNode ? [npm, ...args] : args, {
    shell: !byNode && process.platform === 'win32',
    what: 'npm ci',
  });
}

/** Compares what npm installed (its hidden lock file, written at the end of a complete installation) with what is asked for. */
function packagesAreThere() {
  const wanted = readJson(join(ROOT, 'package-lock.json'))?.packages;
  const installed = readJson(join(ROOT, 'node_modules', '.package-lock.json'))?.packages;
  if (wanted === undefined) {
    fail('package-lock.json is missing');
  }
  if (installed === undefined) {
    return false;
  }
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      installed[path]?.version === entry.version ||
      // Packages of other platforms are not installed.
      (installed[path] === undefined && entry.optional === true),
  );
}

/** The Node that everything else runs under: the one in node_modules, or this one where it is new enough. */
function suitableNode() {
  const own = join(ROOT, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (existsSync(own)) {
    return own;
  }
  const [major, minor] = process.versions.node.split('.').map(Number);
  if ((major === 24 && minor >= 2) || major === 25) {
    return process.execPath;
  }
  return fail(
    `Ductus needs Node 24.2 or later, below 26; this is ${process.version}, and npm has no Node 24 for ` +
      `${process.platform}-${process.arch}. Install it from https://nodejs.org and try again.`,
  );
}

function compile() {
  const stamp = readJson(STAMP) ?? {};
  const sources = hash([
    ...COMPILED.flatMap((folder) => filesBelow(join(ROOT, folder), /\.(ts|json)$/)),
    ...['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((file) => join(ROOT, file)),
  ]);
  if (stamp.sources === sources && existsSync(join(DIST, 'src'))) {
    return;
  }
  say('compiling (tsc)');
  mkdirSync(DIST, { recursive: true });
  if (!existsSync(join(DIST, 'src'))) {
    // tsc writes only what changed since its last run, and would take the missing files for written.
    rmSync(join(DIST, '.tsbuildinfo-build'), { force: true });
  }
  removeOrphans();
  // Until it has worked, the next run compiles again.
  writeStamp({ ...stamp, sources: undefined });
  run(node, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'], { what: 'tsc' });
  writeStamp({ ...stamp, sources });
}

/** Compiled files whose source is gone would still be found by a require. */
function removeOrphans() {
  for (const file of COMPILED.flatMap((folder) => filesBelow(join(DIST, folder), /\.js$/))) {
    const source = join(ROOT, relative(DIST, file)).replace(/\.js$/, '.ts');
    if (!existsSync(source)) {
      rmSync(file, { force: true });
      rmSync(`${file}.map`, { force: true });
    }
  }
}

function bundleWorkflows() {
  const stamp = readJson(STAMP) ?? {};
  const files = BUNDLED.flatMap((path) => filesBelow(join(ROOT, path), /\.js$/));
  const bundle = hash([...files, join(ROOT, 'package-lock.json')]);
  if (stamp.bundle === bundle && existsSync(BUNDLE)) {
    return;
  }
  say('bundling the workflows');
  run(node, [join(DIST, 'scripts', 'build-workflows.js')], { what: 'the workflow bundle' });
  writeStamp({ ...stamp, bundle });
}

/** Looks for the `temporal` program and gets it where there is none; nothing to do where a server is named. */
function findTemporal() {
  if (process.env.DUCTUS_TEMPORAL_ADDRESS) {
    return;
  }
  run(node, [join(DIST, 'scripts', 'find-temporal.js')], { what: 'the Temporal server' });
}

function run(command, args, { what, shell = false }) {
  const bin = join(ROOT, 'node_modules', '.bin');
  const { status, signal, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['inherit', 2, 2],
    shell: shell || command.endsWith('.cmd'),
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  });
  if (error !== undefined || status !== 0) {
    fail(`${what} failed (${error?.message ?? signal ?? `exit code ${status}`})`);
  }
}

function npmProgram() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm';
}

function filesBelow(path, pattern) {
  if (!existsSync(path)) {
    return [];
  }
  if (pattern.test(path)) {
    return [path];
  }
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const child = join(path, entry.name);
    return entry.isDirectory() ? filesBelow(child, pattern) : pattern.test(entry.name) ? [child] : [];
  });
}

function hash(files) {
  const sum = createHash('sha256');
  for (const file of [...files].sort()) {
    sum.update(relative(ROOT, file).split(sep).join('/')).update('\0').update(readFileSync(file)).update('\0');
  }
  return sum.digest('hex');
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function writeStamp(stamp) {
  writeFileSync(STAMP, `${JSON.stringify(stamp)}\n`);
}

/** On standard error: `npm start -- --json` has its own lines on standard output. */
function say(line) {
  console.error(`set-up: ${line}`);
}

function fail(line) {
  console.error(`set-up: ${line}`);
  process.exit(1);
}
