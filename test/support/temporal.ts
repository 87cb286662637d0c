/** The Temporal servers of the tests: one that a whole run shares, and ones of their own for tests that kill them. */
import { startEmbeddedTemporal, findTemporalBinary } from '../../src/runtime/embedded/temporal';
import { freePort } from '../../src/runtime/embedded/ports';
import { collectingLog } from './collecting-log';
import { until } from './until';

/**
 * Address of the dev server that jest's global set-up started. It is shared: take a task queue of your own, and
 * workflow ids that nobody else has.
 */
export function testTemporalAddress(): string {
  const address = process.env['DUCTUS_TEST_TEMPORAL'];
  if (address === undefined) {
    throw new Error(
      process.env['DUCTUS_TEST_TEMPORAL_ERROR'] ?? 'no Temporal server: run the tests by jest with its configuration',
    );
  }
  return address;
}

export interface TestTemporal extends AsyncDisposable {
  /** Stays the same over `kill` and `start`. */
  readonly address: string;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, and waits until it serves. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A Temporal server of one's own, with the settings of the embedded one and no Web UI.
 * @param options.dir folder of its data
 * @param options.port a free one when left out
 */
export async function startTemporal(options: { readonly dir: string; readonly port?: number }): Promise<TestTemporal> {
  const log = collectingLog();
  const binary = await findTemporalBinary({ log: log.info });
  const port = options.port ?? (await freePort());
  let ended = false;
  const launch = async () => {
    ended = false;
    const onExit = (): void => {
      ended = true;
    };
    return startEmbeddedTemporal({ binary, dataDir: options.dir, port, uiPort: 0, headless: true, log, onExit });
  };
  let server = await launch();
  const stop = () => server.stop();
  return {
    address: server.address,
    async kill() {
      process.kill(server.pid, 'SIGKILL');
      // Not only gone: noticed, and the folder's lock let go.
      await until(() => ended);
    },
    async start() {
      server = await launch();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
