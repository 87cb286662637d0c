import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Client, Pool } from 'pg';
import { startEmbeddedPostgres } from '../../../src/runtime/embedded/postgres';
import type { EmbeddedPostgres } from '../../../src/runtime/embedded/postgres';
import { collectingLog } from '../../support/collecting-log';
import { runs } from '../../support/runs';
import { temporaryFolder } from '../../support/temporary-folder';
import { until } from '../../support/until';

describe('embedded PostgreSQL', () => {
  const folder = temporaryFolder();
  const log = collectingLog();
  let server: EmbeddedPostgres;
  let pool: Pool;

  beforeAll(async () => {
    server = await startEmbeddedPostgres({ dataDir: folder.path, port: 0, log, idleInTransactionMs: 1000 });
    pool = new Pool({ connectionString: server.url, max: 10 });
    await pool.query('create table readings (client int, number int, value text)');
  });
  afterAll(async () => {
    await pool.end();
    await server.stop();
    folder[Symbol.dispose]();
  });

  async function connect(): Promise<Client> {
    const client = new Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  it('should keep the parameters of many clients apart', async () => {
    // Larger than one TCP segment, so that a message arrives in pieces while others are served.
    const long = 'x'.repeat(100_000);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, number) =>
        number % 2 === 0
          ? pool.query('select $1::int as number, $2::text as value', [number, `${long}${number}`])
          : pool.query('select $1::text as value, $2::int as number, true as other', [`${long}${number}`, number]),
      ),
    );
    answers.forEach((answer, number) => {
      expect(answer.rows[0]).toMatchObject({ number, value: `${long}${number}` });
    });
  });

  it('should keep transactions of many clients apart, and undo those that are rolled back', async () => {
    await Promise.all(
      Array.from({ length: 8 }, async (_, client) => {
        for (let number = 0; number < 10; number++) {
          const connection = await pool.connect();
          await connection.query('begin');
          await connection.query('insert into readings values ($1, $2, $3)', [client, number, 'a']);
          const { rows } = await connection.query('select count(*)::int as count from readings where client = $1', [
            client,
          ]);
          expect(rows).toEqual([{ count: client % 2 === 0 ? number + 1 : 1 }]);
          await connection.query(client % 2 === 0 ? 'commit' : 'rollback');
          connection.release();
        }
      }),
    );
    const { rows } = await pool.query('select client, count(*)::int as count from readings group by 1 order by 1');
    expect(rows).toEqual([0, 2, 4, 6].map((client) => ({ client, count: 10 })));
  });

  it('should let nobody in between a transaction lock and the end of its transaction', async () => {
    const [first, second] = [await connect(), await connect()];
    const order: string[] = [];
    await first.query('begin');
    await first.query('select pg_advisory_xact_lock(7)');
    const waiting = (async () => {
      await second.query('begin');
      await second.query('select pg_advisory_xact_lock(7)');
      order.push('second');
      await second.query('commit');
    })();
    await first.query("select 'still mine'");
    order.push('first');
    await first.query('commit');
    await waiting;
    expect(order).toEqual(['first', 'second']);
    await Promise.all([first.end(), second.end()]);
  });

  it('should roll back the transaction of a client that is killed, and go on with the others', async () => {
    const script = `
      const { Client } = require(${JSON.stringify(require.resolve('pg'))});
      const client = new Client({ connectionString: ${JSON.stringify(server.url)} });
      client.connect()
        .then(() => client.query('begin'))
        .then(() => client.query("insert into readings values (100, 1, 'x')"))
        .then(() => console.log('inserted'));`;
    // Connected before: a new connection waits for the open transaction as well.
    const other = await connect();
    const dying = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(dying.stdout, 'data');
    const count = other.query('select count(*)::int as count from readings where client = 100');
    dying.kill('SIGKILL');
    expect((await count).rows).toEqual([{ count: 0 }]);
    await other.end();
  });

  it('should cut off a client that leaves a transaction open', async () => {
    const [sleeping, other] = [await connect(), await connect()];
    const cut = new Promise((resolve) => sleeping.once('error', resolve));
    await sleeping.query('begin');
    expect((await other.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(await cut).toMatchObject({ code: '25P03' });
    await other.end();
  });

  it('should stay usable after errors in both protocols', async () => {
    const client = await connect();
    await expect(client.query('selec')).rejects.toThrow('syntax error');
    await expect(client.query('select 1 / $1::int', [0])).rejects.toThrow('division by zero');
    await client.query('begin');
    await expect(client.query('selec $1', [1])).rejects.toThrow('syntax error');
    await expect(client.query('select 1')).rejects.toThrow('current transaction is aborted');
    await client.query('rollback');
    expect((await client.query('select $1::int as number', [4])).rows).toEqual([{ number: 4 }]);
    await client.end();
  });

  it('should refuse a second start on the same folder and say who has it', async () => {
    await expect(startEmbeddedPostgres({ dataDir: folder.path, port: 0, log })).rejects.toMatchObject({
      code: 'DUCTUS_STORE_UNAVAILABLE',
      message: expect.stringMatching(/another Ductus \(process \d+\) runs the embedded PostgreSQL of .* on port \d+/),
    });
  });

  it('should refuse a port that is taken', async () => {
    using other = temporaryFolder();
    const port = Number(new URL(server.url).port);
    await expect(startEmbeddedPostgres({ dataDir: other.path, port, log })).rejects.toThrow(`port ${port} is taken`);
  });
});

describe('embedded PostgreSQL that is killed', () => {
  it('should have every committed row after SIGKILL, and tell that it ended', async () => {
    using folder = temporaryFolder();
    const log = collectingLog();
    const exits: (NodeJS.Signals | null)[] = [];
    const server = await startEmbeddedPostgres({
      dataDir: folder.path,
      port: 0,
      log,
      onExit: (end) => void exits.push(end.signal),
    });
    const client = new Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('create table kept (number int primary key)');
    for (let number = 1; number <= 50; number++) {
      await client.query('begin');
      await client.query('insert into kept values ($1)', [number]);
      await client.query('commit');
    }
    process.kill(server.pid, 'SIGKILL');
    await until(() => exits.length > 0);
    expect(exits).toEqual(['SIGKILL']);
    expect(log.lines.error.join()).toContain('ended by itself (signal SIGKILL)');

    const again = await startEmbeddedPostgres({ dataDir: folder.path, port: 0, log });
    const after = new Client({ connectionString: again.url });
    await after.connect();
    expect((await after.query('select count(*)::int as count from kept')).rows).toEqual([{ count: 50 }]);
    await after.end();
    await again.stop();
  });

  it('should end when the process that started it is killed', async () => {
    using folder = temporaryFolder();
    const script = `
      require(${JSON.stringify(require.resolve('../../../dist/src/runtime/embedded/postgres.js'))})
        .startEmbeddedPostgres({ dataDir: ${JSON.stringify(folder.path)}, port: 0, log: { info() {}, warn() {}, error() {} } })
        .then((server) => { console.log(server.pid); setInterval(() => {}, 1000); });`;
    const owner = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    owner.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const pid = Number(await until(() => /^(\d+)\n/.exec(output)?.[1], 40_000, 'the start'));
    expect(runs(pid)).toBe(true);
    owner.kill('SIGKILL');
    await until(() => !runs(pid), 15_000, 'the end of PGlite');
  });
});
