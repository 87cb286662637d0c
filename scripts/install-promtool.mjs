/**
 * Builds promtool, the judge of the alert rules (ops/prometheus), into `.ductus/peers/promtool`. Does nothing where it is
 * there in the right version. Needs Go as new as Prometheus asks for; a first build takes some minutes.
 *
 * Prometheus 3 releases carry 0.3xx as their Go module's version: v0.316.0 is 3.16.0. Without its service discovery
 * (`remove_all_sd`), which no rule needs, far less has to be built.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '..', '.ductus', 'peers', 'promtool');
const MARKER = join(FOLDER, 'installed-version');
const VERSION = 'v0.316.0';

if (existsSync(MARKER) && readFileSync(MARKER, 'utf8') === VERSION) {
  console.log(`promtool ${VERSION} is there`);
} else {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const args = ['install', '-tags', 'remove_all_sd', `github.com/prometheus/prometheus/cmd/promtool@${VERSION}`];
  const go = existsSync('/usr/local/go/bin/go') ? '/usr/local/go/bin/go' : 'go';
  console.log(`> ${go} ${args.join(' ')}`);
  const { status, error } = spawnSync(go, args, { stdio: 'inherit', env: { ...process.env, GOBIN: FOLDER } });
  if (error !== undefined || status !== 0) {
    console.error(`promtool could not be built: ${error?.message ?? `go ended with ${String(status)}`}`);
    process.exit(1);
  }
  writeFileSync(MARKER, VERSION);
}
