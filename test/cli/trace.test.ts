/** `ductus trace` and `ductus history export` against a running Ductus: the story of work, by any of its names. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from '@temporalio/worker';
import { readingVersions } from '../../simulators/roche-dc/sample-data';
import { createDataConverter } from '../../src/runtime/codec/data-converter';
import { openHospital, startWorld, type World } from '../support/ductus';
import { acknowledged, bundle, decidedBy, parked, repair, result, share } from '../support/hospital-steps';
import { operatorOf } from '../support/operator';
import { temporaryFolder } from '../support/temporary-folder';
import { testTemporalAddress } from '../support/temporal';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

/** Lines of a kind. */
const kinds = (lines: readonly unknown[], kind: string) =>
  lines.filter((line) => JSON.stringify(line).includes(`"kind":"${kind}"`));
const ofType = (lines: readonly unknown[], type: string) =>
  lines.filter((line) => JSON.stringify(line).startsWith(`{"type":"${type}"`));

describe('ductus trace', () => {
  it('should tell the story of work that failed, was parked, decided on and delivered, under each of its names', async () => {
    await using hospital = await openHospital(world);
    using folder = temporaryFolder();
    const operator = operatorOf(hospital, folder.path);
    const file = bundle(1);
    hospital.roche.faults.order('token-500');
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102', errorLocation: 'OBX^1^5' } });
    const { messageId } = await share(hospital, file);
    await parked(hospital, messageId);
    const waiting = await operator.run('trace', messageId);
    expect(waiting.stdout).toContain('parked at deliver: DUCTUS_EMR_REJECTED');
    await repair(hospital, messageId, { action: 'retry', from: 'deliver', ...decidedBy });
    await acknowledged(hospital).catch(async () =>
      console.log((await operator.run('trace', messageId)).stdout, hospital.logLines.slice(-12)),
    );
    await result(hospital, messageId);
    await hospital.roche.repeat(messageId);
    await hospital.roche.waitUntil((stats) => stats.totals.acks === 2, 10_000);
    await result(hospital, messageId);
    const id = hospital.workflowId(messageId);

    const { lines } = await operator.json('trace', messageId);
    expect(ofType(lines, 'work')).toEqual([
      expect.objectContaining({
        workflowId: id,
        outcome: 'delivered',
        file: expect.objectContaining({ bytes: expect.any(Number) }),
      }),
    ]);
    expect(kinds(lines, 'notified')).toHaveLength(2);
    expect(
      kinds(lines, 'failed')
        .map((line) => JSON.stringify(line))
        .join('\n'),
    ).toMatch(/obtainToken failed.*DUCTUS_ROCHE_UNREACHABLE/);
    for (const kind of [
      'token',
      'file',
      'transform',
      'message',
      'parked',
      'decision',
      'delivered',
      'acknowledged',
      'closed',
    ]) {
      expect({ kind, count: kinds(lines, kind).length }).toEqual({ kind, count: expect.any(Number) });
      expect(kinds(lines, kind)).not.toHaveLength(0);
    }
    const times = ofType(lines, 'entry').map((line) => JSON.stringify(line).match(/"at":"([^"]+)"/)?.[1] ?? '');
    expect(times).toEqual([...times].sort());
    expect(ofType(lines, 'missing')).toEqual([]);

    const [message] = hospital.emr.stats === undefined ? [] : await hospital.emr.frames();
    const [reading] = readingVersions(file);
    for (const name of [id, message?.controlId ?? '', `Observation/${reading?.id ?? ''}`]) {
      const found = await operator.json('trace', name, '--organization', hospital.organizationId);
      expect({ name, found: ofType(found.lines, 'work').length }).toEqual({ name, found: 1 });
    }
    const [other = ''] = Object.keys(hospital.config.organizations).filter((each) => each !== hospital.organizationId);
    expect(await operator.run('trace', id, '--organization', other)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('DUCTUS_NOT_FOUND'),
    });
    const withoutOrganization = await operator.run('trace', `Observation/${reading?.id ?? ''}`);
    expect(withoutOrganization).toMatchObject({ status: 1, stderr: expect.stringContaining('--organization') });
    expect(await operator.run('trace', 'no-such-thing')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('DUCTUS_NOT_FOUND'),
    });
  });

  it('should show what each field was made of, only when asked, and say when it cannot', async () => {
    await using hospital = await openHospital(world);
    using folder = temporaryFolder();
    const operator = operatorOf(hospital, folder.path);
    const file = bundle(2);
    const { messageId } = await share(hospital, file);
    await result(hospital, messageId);
    const values = readingVersions(file).map(({ value }) => `|${String(value)}|`);
    const plain = await operator.run('trace', messageId);
    const lineage = await operator.run('trace', messageId, '--lineage');
    for (const value of values) {
      expect(plain.stdout).not.toContain(value);
      expect(lineage.stdout).toContain(value);
    }
    expect(lineage.stdout).toMatch(/OBX-5 .* ← Bundle\.entry\[\d+\]\.resource\.valueQuantity\.value/);
    expect(lineage.stdout).not.toContain('Missing:');
    // One look at values, and the audit knows of it.
    const { lines: looks } = await operator.json('audit', 'list');
    expect(looks.filter((line) => JSON.stringify(line).includes('lineage'))).toHaveLength(1);

    // The mapping of today is another one.
    const changed = operatorOf(hospital, path.join(folder.path, 'changed'), {
      destinations: {
        [hospital.destination]: { kind: 'mllp', host: '127.0.0.1', port: 1, hl7: { sendingFacility: 'OTHER' } },
      },
    });
    const other = await changed.run('trace', messageId, '--lineage');
    expect(other.stdout).toMatch(/The mapping of today does not make [0-9A-Za-z]{20}/);
    for (const value of values) expect(other.stdout).not.toContain(value);

    const without = operatorOf(hospital, path.join(folder.path, 'empty'), {
      dataDir: path.join(folder.path, 'nothing'),
    });
    expect((await without.run('trace', messageId, '--lineage')).stdout).toContain('no longer in the blob store');
  });

  it('should go on with the ledger alone, with the history alone, and without the key', async () => {
    await using hospital = await openHospital(world);
    using folder = temporaryFolder();
    const { messageId } = await share(hospital, bundle(3));
    await result(hospital, messageId);
    const { temporal } = hospital.config;

    const ledgerOnly = operatorOf(hospital, path.join(folder.path, 'ledger'), {
      temporal: { address: '127.0.0.1:1', taskQueue: temporal.taskQueue },
    });
    const fromLedger = await ledgerOnly.json('trace', messageId);
    expect(fromLedger.status).toBe(0);
    expect(kinds(fromLedger.lines, 'message')).not.toHaveLength(0);
    expect(JSON.stringify(ofType(fromLedger.lines, 'missing'))).toContain('Temporal cannot be reached');

    const historyOnly = operatorOf(
      hospital,
      path.join(folder.path, 'history'),
      {},
      { STORE_URL: 'postgres://x@127.0.0.1:1/x' },
    );
    const fromHistory = await historyOnly.json('trace', messageId);
    expect(fromHistory.status).toBe(0);
    expect(kinds(fromHistory.lines, 'acknowledged')).not.toHaveLength(0);
    expect(JSON.stringify(ofType(fromHistory.lines, 'missing'))).toContain('ledger');
    expect(await historyOnly.run('trace', 'ABC')).toMatchObject({ status: 4 });

    const keyless = operatorOf(
      hospital,
      path.join(folder.path, 'keyless'),
      {},
      { KEY: Buffer.alloc(32, 9).toString('base64') },
    );
    const unread = await keyless.json('trace', messageId);
    expect(JSON.stringify(ofType(unread.lines, 'missing'))).toContain('payloads of the history cannot be read');

    // What Temporal forgets, the ledger keeps.
    await hospital.client.workflowService.deleteWorkflowExecution({
      namespace: temporal.namespace,
      workflowExecution: { workflowId: hospital.workflowId(messageId) },
    });
    const operator = operatorOf(hospital, path.join(folder.path, 'forgotten'));
    const forgotten = await untilForgotten(() => operator.json('trace', messageId));
    expect(kinds(forgotten, 'closed')).not.toHaveLength(0);
  });
});

async function untilForgotten(
  trace: () => Promise<{ readonly lines: readonly unknown[] }>,
): Promise<readonly unknown[]> {
  for (let tries = 0; tries < 30; tries += 1) {
    const { lines } = await trace();
    if (JSON.stringify(ofType(lines, 'missing')).includes('retention')) return lines;
  }
  throw new Error('the history is still there');
}

describe('ductus history export', () => {
  it('should write a history that replays with the key, and holds nothing in clear', async () => {
    await using hospital = await openHospital(world);
    using folder = temporaryFolder();
    const operator = operatorOf(hospital, folder.path);
    const { messageId } = await share(hospital, bundle(4));
    await result(hospital, messageId);
    const out = path.join(folder.path, '0.1.0-exported.json');
    expect(await operator.run('history', 'export', hospital.workflowId(messageId), '--out', out)).toMatchObject({
      status: 0,
    });
    const text = readFileSync(out, 'utf8');
    expect(text).toContain('encryption-key-id');
    for (const secret of Object.values(hospital.secrets)) expect(text).not.toContain(secret);
    expect(text).not.toContain('receiptHandle');

    const history: unknown = JSON.parse(text);
    const replay = async (config: typeof hospital.config): Promise<unknown> => {
      const options = {
        workflowsPath: path.resolve(__dirname, '../../src/workflows/index.ts'),
        dataConverter: createDataConverter(config),
      };
      for await (const each of Worker.runReplayHistories(options, [{ workflowId: 'exported', history }]))
        return each.error;
      return new Error('nothing was replayed');
    };
    expect(await replay(hospital.config)).toBeUndefined();

    // Recorded histories are never overwritten.
    expect(await operator.run('history', 'export', hospital.workflowId(messageId), '--out', out)).toMatchObject({
      status: 1,
    });
    expect(await operator.run('history', 'export', 'data-sharing/no/such')).toMatchObject({ status: 1 });
    const [printed] = (await operator.json('history', 'export', hospital.workflowId(messageId))).lines;
    expect(printed).toEqual(history);
  });
});
