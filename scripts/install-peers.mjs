/**
 * Installs the S3 and STS servers that the contract test also runs on: versitygw (Go) and moto (Python), into
 * `.ductus/peers`. Does nothing for what is there in the right version. Needs Go ≥ 1.24 and Python ≥ 3.9 with venv.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PEERS = join(dirname(fileURLToPath(import.meta.url)), '..', '.ductus', 'peers');
const VERSITYGW = 'v1.8.0';
const MOTO = '5.2.5';

function run(command, args, env = {}) {
  console.log(`> ${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (error !== undefined || status !== 0) {
    throw new Error(
      `${command} ${error === undefined ? `ended with ${status}` : `could not be run: ${error.message}`}`,
    );
  }
}

/** Runs an installation once for each version; a half-made folder is made anew. */
function once(name, version, install) {
  const folder = join(PEERS, name);
  const marker = join(folder, 'installed-version');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === version) {
    console.log(`${name} ${version} is there`);
    return;
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  install(folder);
  writeFileSync(marker, version);
}

once('versitygw', VERSITYGW, (folder) => {
  run('go', ['install', `github.com/versity/versitygw/cmd/versitygw@${VERSITYGW}`], { GOBIN: folder });
});
once('moto', MOTO, (folder) => {
  run('python3', ['-m', 'venv', folder]);
  run(join(folder, 'bin', 'python'), [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    `moto[server]==${MOTO}`,
  ]);
});
