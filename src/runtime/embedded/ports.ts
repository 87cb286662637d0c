/** Ports of the embedded servers: a free one, and whether a wanted one is free. Loopback only. */
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/** A port that was free a moment ago. Somebody may take it before it is used: be ready to try again. */
export async function freePort(): Promise<number> {
  return listenOnce(0);
}

/** @returns false when something listens there already */
export async function isFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port);
    return true;
  } catch {
    return false;
  }
}

/** True when a TCP connection can be made within the time. */
export async function canReach(host: string, port: number, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: limitMs });
    const answer = (reached: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reached);
    };
    // The socket's own timeout does not cover a slow name look-up.
    const timer = setTimeout(() => answer(false), limitMs);
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });
}

async function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: LOOPBACK, port }, () => {
      const address = server.address();
      server.close(() => (isAddressInfo(address) ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
