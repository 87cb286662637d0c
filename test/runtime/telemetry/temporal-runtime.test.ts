import { Runtime } from '@temporalio/worker';
import { createLogger } from '../../../src/runtime/telemetry/logger';
import { installTemporalRuntime } from '../../../src/runtime/telemetry/temporal-runtime';
import { freePort } from '../../../src/runtime/embedded/ports';
import { until } from '../../support/until';

describe('installTemporalRuntime', () => {
  it("should send the SDK's lines to our logger, serve its metrics on the loopback and take no signals", async () => {
    const lines: string[] = [];
    const signals = process.listenerCount('SIGTERM');
    const metricsPort = await freePort();
    installTemporalRuntime({
      logger: createLogger({ level: 'debug', role: 'test', stream: { write: (line) => void lines.push(line) } }),
      metricsPort,
    });
    const runtime = Runtime.instance();
    try {
      runtime.logger.info('said by the SDK', { taskQueue: 'ductus', receiptHandle: 'secret' });
      runtime.logger.trace('too quiet');
      runtime.logger.error('failed', { error: new Error('why') });
      // The SDK hands its lines on in batches.
      await until(() => lines.length >= 2);
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { level: 'info', source: 'temporal', msg: 'said by the SDK', taskQueue: 'ductus', receiptHandle: '[redacted]' },
        { level: 'error', source: 'temporal', msg: 'failed', error: { message: 'why' } },
      ]);
      expect((await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).status).toBe(200);
      expect(process.listenerCount('SIGTERM')).toBe(signals);
    } finally {
      await runtime.shutdown();
    }
  });
});
