/**
 * Replays recorded histories against the workflows of today: a change that would break work in flight fails here. Names
 * are `<version>-<what happened>.json`; payloads in them stay encrypted, with the key of the tests. A history is never
 * changed or removed while work of its version may run; a new one is made by `npm run record:histories`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createDataConverter } from '../../src/runtime/codec/data-converter';
import { testConfig } from '../support/config';

const FOLDER = path.join(__dirname, 'histories');
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

function history(name: string): unknown {
  return JSON.parse(readFileSync(path.join(FOLDER, name), 'utf8'));
}

const options = () => ({
  workflowsPath: path.resolve(__dirname, '../../src/workflows/index.ts'),
  dataConverter: createDataConverter(testConfig({ organizations: {}, destinations: {} })),
});

// What a replay says of itself is said by the assertions.
beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
});

describe('recorded histories', () => {
  it('should be there for each way that work can go', () => {
    const ways = new Set(names.map((name) => name.replace(/^[\d.]+-/, '').replace(/\.json$/, '')));
    expect([...ways].sort()).toEqual(
      expect.arrayContaining([
        'ambiguous-parked',
        'delivered',
        'destination-paused',
        'duplicate',
        'parked-and-discarded',
        'patient-carried-on',
        'patient-discarded',
        'patient-forwarded',
        'patient-held',
        'patient-merged',
        'patient-parked',
        'patient-updated',
        'redelivered',
        'redelivery-plan',
        'refused',
        'retried',
      ]),
    );
  });

  it('should replay without a difference', async () => {
    const histories = names.map((name) => ({ workflowId: name, history: history(name) }));
    const problems: string[] = [];
    for await (const result of Worker.runReplayHistories(options(), histories)) {
      if (result.error !== undefined) problems.push(`${result.workflowId}: ${result.error.message}`);
    }
    expect(problems).toEqual([]);
  });

  it('should tell when a workflow has changed', async () => {
    const [name] = names.filter((each) => each.endsWith('-waited.json'));
    const text = readFileSync(path.join(FOLDER, name ?? ''), 'utf8').replaceAll('"deliverMessages"', '"sendMessages"');
    const changed: unknown = JSON.parse(text);
    const results: unknown[] = [];
    for await (const result of Worker.runReplayHistories(options(), [{ workflowId: 'changed', history: changed }])) {
      results.push(result.error);
    }
    expect(results[0]).toBeInstanceOf(Error);
  });
});
