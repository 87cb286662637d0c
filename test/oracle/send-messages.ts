/**
 * Sends message files to an outside MLLP receiver (HAPI's server) and expects AA for each:
 * `node dist/test/oracle/send-messages.js HOST PORT FOLDER [CONNECTIONS]`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MllpPool } from '../../src/connectors/emr/mllp-pool';
import { MessageControlIdSchema } from '../../src/domain/identifiers';

async function main([host, port, folder, connections = '4']: readonly string[]): Promise<void> {
  if (host === undefined || port === undefined || folder === undefined) {
    throw new Error('usage: send-messages HOST PORT FOLDER [CONNECTIONS]');
  }
  const pool = new MllpPool({
    host,
    port: Number(port),
    connections: Number(connections),
    connectTimeoutMs: 5_000,
    acknowledgmentTimeoutMs: 30_000,
    idleTimeoutMs: 60_000,
    maxAnswerBytes: 1024 * 1024,
  });
  const files = readdirSync(folder).filter((name) => name.endsWith('.hl7'));
  const outcomes = await Promise.all(
    files.map(async (name) => {
      const bytes = readFileSync(join(folder, name));
      const controlId = MessageControlIdSchema.parse(bytes.toString('latin1').split('|')[9]);
      const { code, errors } = await pool.send(bytes, controlId);
      return code === 'AA' ? [] : [`${name}: ${code} ${JSON.stringify(errors)}`];
    }),
  );
  await pool.close();
  const refused = outcomes.flat();
  for (const line of refused) process.stdout.write(`${line}\n`);
  process.stdout.write(`${files.length} sent, ${refused.length} refused\n`);
  if (refused.length > 0) process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
