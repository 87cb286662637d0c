import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { findTemporalBinary, startEmbeddedTemporal } from '../../../src/runtime/embedded/temporal';
import type { EmbeddedTemporal } from '../../../src/runtime/embedded/temporal';
import { collectingLog } from '../../support/collecting-log';
import { runs } from '../../support/runs';
import { temporaryFolder } from '../../support/temporary-folder';
import { until } from '../../support/until';

describe('embedded Temporal', () => {
  const folder = temporaryFolder();
  const log = collectingLog();
  let binary: string;
  let server: EmbeddedTemporal;

  beforeAll(async () => {
    binary = await findTemporalBinary({ log: log.info });
    server = await startEmbeddedTemporal({ binary, dataDir: folder.path, port: 0, uiPort: 0, log });
  });
  afterAll(async () => {
    await server.stop();
    folder[Symbol.dispose]();
  });

  it('should serve the default namespace and the Web UI on the loopback', async () => {
    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
    const connection = await Connection.connect({ address: server.address });
    const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: 'default' });
    expect(namespaceInfo?.name).toBe('default');
    await connection.close();
    const page = await fetch(server.uiUrl ?? '');
    expect(page.status).toBe(200);
    expect(log.lines.info.join()).toContain(`Web UI ${server.uiUrl ?? '(none)'}`);
  });

  it('should keep histories for a week, as the doctor wants it', async () => {
    const connection = await Connection.connect({ address: server.address });
    const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(7 * 24 * 60 * 60);
    await connection.close();
  });

  it('should listen on no other address than the loopback', async () => {
    const listening = readFileSync('/proc/net/tcp', 'utf8') + readFileSync('/proc/net/tcp6', 'utf8');
    const inodes = await socketInodes(server.pid);
    const addresses = listening
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => columns[3] === '0A' && inodes.has(columns[9] ?? ''))
      .map((columns) => columns[1]?.split(':')[0]);
    expect(addresses.length).toBeGreaterThan(1);
    expect(new Set(addresses)).toEqual(new Set(['0100007F']));
  });

  it('should refuse a second start on the same folder and say who has it', async () => {
    const second = startEmbeddedTemporal({ binary, dataDir: folder.path, port: 0, uiPort: 0, log });
    await expect(second).rejects.toMatchObject({
      code: 'DUCTUS_TEMPORAL_UNAVAILABLE',
      message: expect.stringContaining(
        `another Ductus (process ${process.pid}) on port ${server.address.split(':')[1]}`,
      ),
    });
  });

  it('should name the key of a port that is taken', async () => {
    using other = temporaryFolder();
    const taken = Number(server.address.split(':')[1]);
    const start = startEmbeddedTemporal({ binary, dataDir: other.path, port: taken, uiPort: 0, log });
    await expect(start).rejects.toThrow(`port ${taken} is taken; set temporal.embedded.port`);
  });

  it('should say what the program printed when it does not start', async () => {
    using other = temporaryFolder();
    const start = startEmbeddedTemporal({ binary: process.execPath, dataDir: other.path, port: 0, uiPort: 0, log });
    await expect(start).rejects.toThrow(/ended while it started \(exit code [19]\)\n.*/);
  });
});

describe('embedded Temporal that is killed', () => {
  it('should tell that it ended, and have its workflows after the next start', async () => {
    using folder = temporaryFolder();
    const log = collectingLog();
    const ends: unknown[] = [];
    const binary = await findTemporalBinary({ log: log.info });
    const options = { binary, dataDir: folder.path, port: 0, uiPort: 0, headless: true, log };
    const server = await startEmbeddedTemporal({ ...options, onExit: (end) => ends.push(end) });
    expect(server.uiUrl).toBeUndefined();
    await startWorkflow(server.address);
    process.kill(server.pid, 'SIGKILL');
    await until(() => ends.length > 0);
    expect(ends).toEqual([{ code: null, signal: 'SIGKILL' }]);
    expect(log.lines.error.join()).toContain('embedded Temporal ended by itself (signal SIGKILL)');

    const again = await startEmbeddedTemporal(options);
    expect(await statusOf(again.address)).toBe('RUNNING');
    await again.stop();
    expect(runs(again.pid)).toBe(false);
    expect(existsSync(join(folder.path, 'temporal.json'))).toBe(false);
  });

  it('should end the server of an owner that was killed before it starts another', async () => {
    using folder = temporaryFolder();
    const log = collectingLog();
    const binary = await findTemporalBinary({ log: log.info });
    const script = `
      require(${JSON.stringify(require.resolve('../../../dist/src/runtime/embedded/temporal.js'))})
        .startEmbeddedTemporal({ binary: ${JSON.stringify(binary)}, dataDir: ${JSON.stringify(folder.path)}, port: 0,
          uiPort: 0, headless: true, log: { info() {}, warn() {}, error() {} } })
        .then((server) => { console.log(server.pid); setInterval(() => {}, 1000); });`;
    const owner = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    owner.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const orphan = Number(await until(() => /^(\d+)\n/.exec(output)?.[1], 60_000, 'the start'));
    owner.kill('SIGKILL');
    await until(() => owner.signalCode !== null);
    expect(runs(orphan)).toBe(true);

    const server = await startEmbeddedTemporal({
      binary,
      dataDir: folder.path,
      port: 0,
      uiPort: 0,
      headless: true,
      log,
    });
    // Nobody's child any more: whoever takes it over may let it stand as a zombie for a while.
    await until(() => !runs(orphan));
    expect(log.lines.warn.join()).toContain(`process ${orphan}) outlived its owner`);
    await server.stop();
  });
});

async function startWorkflow(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  await new Client({ connection }).workflow.start('nobodyRunsThis', {
    workflowId: 'kept',
    taskQueue: 'nobody',
    args: [],
  });
  await connection.close();
}

async function statusOf(address: string): Promise<string> {
  const connection = await Connection.connect({ address });
  try {
    return (await new Client({ connection }).workflow.getHandle('kept').describe()).status.name;
  } finally {
    await connection.close();
  }
}

async function socketInodes(pid: number): Promise<Set<string>> {
  const { readdir, readlink } = await import('node:fs/promises');
  const links = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  );
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}
