import { createMetrics } from '../../../src/runtime/telemetry/metrics';
import { createScrape, type ScrapeParts } from '../../../src/runtime/telemetry/scrape';
import type { Standing } from '../../../src/domain/standing';
import { createLogger } from '../../../src/runtime/telemetry/logger';
import { startScriptedServer } from '../../support/scripted-server';
import { destinationId } from '../../support/work';

const standing: Standing = {
  open: [],
  parked: [],
  traffic: [],
  alerts: {},
  destinations: [
    {
      destination: destinationId('emr'),
      state: 'held',
      stateSeconds: 60,
      queued: 2,
      oldestQueuedSeconds: 30,
      ambiguous: 0,
    },
  ],
};

function scrape(change: Partial<ScrapeParts>): Promise<string> {
  return createScrape({
    metrics: createMetrics(),
    readStanding: () => Promise.resolve(standing),
    notReady: () => Promise.resolve([]),
    sdkUrl: undefined,
    logger: createLogger({ level: 'error', role: 'test', stream: { write: () => undefined } }),
    ...change,
  })();
}

describe('createScrape', () => {
  it("should put Ductus's metrics, how work stands and the SDK's metrics into one text", async () => {
    await using sdk = await startScriptedServer(
      (_request, response) => void response.end('# TYPE temporal_request_total counter\ntemporal_request_total 3\n'),
      undefined,
    );
    const text = await scrape({ sdkUrl: `http://127.0.0.1:${String(sdk.port)}/metrics` });
    expect(text).toContain('ductus_destination_queue_length{destination="emr"} 2');
    expect(text).toContain('ductus_standing_up 1');
    expect(text).toMatch(/^temporal_request_total 3$/m);
    expect(text).toMatch(/^process_cpu_seconds_total /m);
  });

  it('should be silent about work when the store cannot be read or is away, and answer all the same', async () => {
    for (const change of [
      { readStanding: () => Promise.reject(new Error('gone')) },
      { notReady: () => Promise.resolve(['postgresql']) },
    ]) {
      const text = await scrape(change);
      expect(text).toContain('ductus_standing_up 0');
      expect(text).not.toContain('ductus_destination_queue_length{');
    }
  });

  it("should answer without the SDK's metrics when they cannot be read", async () => {
    await using broken = await startScriptedServer((_request, response) => {
      response.statusCode = 500;
      response.end('temporal_wrong 1');
    }, undefined);
    const text = await scrape({ sdkUrl: `http://127.0.0.1:${String(broken.port)}/metrics` });
    expect(text).toContain('ductus_standing_up 1');
    expect(text).not.toContain('temporal_wrong');
  });

  it('should make the text once for many who ask at a time', async () => {
    let reads = 0;
    const ask = createScrape({
      metrics: createMetrics(),
      readStanding: () => {
        reads += 1;
        return Promise.resolve(standing);
      },
      notReady: () => Promise.resolve([]),
      sdkUrl: undefined,
      logger: createLogger({ level: 'error', role: 'test', stream: { write: () => undefined } }),
    });
    await Promise.all(Array.from({ length: 20 }, ask));
    expect(reads).toBe(1);
  });
});
