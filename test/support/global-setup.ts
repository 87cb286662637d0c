/**
 * Once in a jest run: a Temporal server that the test files share. `DUCTUS_TEST_TEMPORAL` names one that runs
 * already. Tests that need none run all the same when it cannot be started.
 */
import { findTemporalBinary, startEmbeddedTemporal } from '../../src/runtime/embedded/temporal';
import { setSharedServer } from './shared-server';
import { temporaryFolder } from './temporary-folder';

export default async function globalSetup(): Promise<void> {
  if (process.env['DUCTUS_TEST_TEMPORAL'] !== undefined) {
    return;
  }
  // A run that is broken off must not leave its server: ending by `exit` lets the embedded server's own clean-up run.
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  const folder = temporaryFolder();
  const log = { info: () => undefined, warn: console.warn, error: console.error };
  try {
    const binary = await findTemporalBinary({ log: console.log });
    const server = await startEmbeddedTemporal({
      binary,
      dataDir: folder.path,
      port: 0,
      uiPort: 0,
      headless: true,
      log,
    });
    process.env['DUCTUS_TEST_TEMPORAL'] = server.address;
    setSharedServer({
      async stop() {
        await server.stop();
        folder[Symbol.dispose]();
      },
    });
  } catch (error) {
    folder[Symbol.dispose]();
    process.env['DUCTUS_TEST_TEMPORAL_ERROR'] = error instanceof Error ? error.message : String(error);
  }
}
