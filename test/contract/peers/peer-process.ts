/** Runs a server of somebody else on a free port of 127.0.0.1 and waits until it answers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { listen } from '../../../simulators/listening';

const PEERS = resolve(__dirname, '../../../.ductus/peers');

export interface PeerProcess {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * Starts a server.
 * @param program path below `.ductus/peers`
 * @param args its arguments for a port
 */
export async function startPeer(
  program: string,
  args: (port: number) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<PeerProcess> {
  const path = resolve(PEERS, program);
  if (!existsSync(path)) {
    throw new Error(`${path} is not there: run \`node scripts/install-peers.mjs\` first`);
  }
  const port = await freePort();
  const child = spawn(path, args(port), { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-10_000);
    });
  }
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
    }
  };
  const deadline = Date.now() + 30_000;
  while (!(await answers(endpoint))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`${program} does not serve: ${output}`);
    }
    await delay(50);
  }
  return { endpoint, stop };
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await request(url)).body.dump();
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  return port;
}
