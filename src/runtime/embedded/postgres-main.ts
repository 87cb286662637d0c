/**
 * The program of the embedded PostgreSQL: PGlite behind the gate, in a process of its own, because two
 * processes that open one PGlite folder corrupt it without an error. `postgres.ts` starts it and talks to it
 * over the IPC channel; when its parent is gone, however it went, it ends as well.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { z } from 'zod';
import { tryLock } from './folder-lock';
import { LOOPBACK } from './ports';
import { createPostgresGate } from './postgres-gate';
import type { PostgresReport } from './postgres-report';

const Arguments = z.object({ dataDir: z.string(), port: z.coerce.number(), idleInTransactionMs: z.coerce.number() });

async function main(): Promise<void> {
  const [dataDir, port, idleInTransactionMs] = process.argv.slice(2);
  const options = Arguments.parse({ dataDir, port, idleInTransactionMs });

  const lock = tryLock(join(options.dataDir, 'postgres.lock'));
  if (lock === undefined) {
    report({ kind: 'locked' });
    return;
  }
  const folder = join(options.dataDir, 'postgres');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = await PGlite.create({ dataDir: folder });

  const gate = createPostgresGate({
    database,
    idleInTransactionMs: options.idleInTransactionMs,
    onBroken: (error) => {
      console.error(error);
      process.exit(70);
    },
  });
  const sockets = new Set<{ destroy(): void }>();
  gate.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  const stop = (): void => {
    gate.close();
    for (const socket of sockets) {
      socket.destroy();
    }
    // What was committed is on disk already; closing only saves PGlite a recovery at the next start.
    void database.close().finally(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('disconnect', stop);

  gate.once('error', (error) => {
    report({ kind: 'failed', message: error.message });
    stop();
  });
  gate.listen({ host: LOOPBACK, port: options.port }, () => {
    const address = gate.address();
    report({ kind: 'listening', port: typeof address === 'object' && address !== null ? address.port : 0 });
  });
}

function report(message: PostgresReport): void {
  process.send?.(message);
}

main().catch((error: unknown) => {
  console.error(error);
  report({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  process.exit(1);
});
