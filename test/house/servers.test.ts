/** The servers that tests kill come back with what they had: else a fault test would blame Ductus. */
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { Client } from 'pg';
import { startRealPostgres } from '../support/postgres';
import { startTemporal } from '../support/temporal';
import { temporaryFolder } from '../support/temporary-folder';

describe('startRealPostgres', () => {
  it('should have what was committed after a kill, also with clients in the middle of something', async () => {
    const server = await startRealPostgres();
    try {
      const url = await server.createDatabase();
      const clients = Array.from({ length: 3 }, () => new Client({ connectionString: url }));
      clients.forEach((client) => client.on('error', () => undefined));
      await Promise.all(clients.map((client) => client.connect()));
      const [first, second, third] = clients;
      await first?.query('create table kept (number int)');
      await first?.query('insert into kept values (1)');
      await second?.query('begin');
      await second?.query('insert into kept values (2)');
      const cut = expect(third?.query('select pg_sleep(60)')).rejects.toThrow();

      await server.kill();
      await server.start();
      await cut;

      const after = new Client({ connectionString: url });
      await after.connect();
      expect((await after.query('select number from kept')).rows).toEqual([{ number: 1 }]);
      await after.end();
    } finally {
      await server.stop();
    }
  });
});

describe('startTemporal', () => {
  it('should serve on the same address after a kill, with its workflows', async () => {
    using folder = temporaryFolder();
    await using server = await startTemporal({ dir: folder.path });
    const start = async (workflowId: string): Promise<void> => {
      const connection = await Connection.connect({ address: server.address });
      await new TemporalClient({ connection }).workflow.start('nobodyRunsThis', { workflowId, taskQueue: 'nobody' });
      await connection.close();
    };
    await start('before');
    await server.kill();
    await server.start();
    await expect(start('before')).rejects.toThrow('already started');
    await start('after');
  });
});
