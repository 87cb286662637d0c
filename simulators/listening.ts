/** Starting and stopping servers: always on 127.0.0.1, and never left behind by an open connection. */
import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';

/**
 * Listens on 127.0.0.1.
 * @param port 0: any free one
 * @returns the port
 */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server has an address with a port');
  }
  return address.port;
}

/** Stops an HTTP server, its open connections too. */
export async function shut(server: HttpServer): Promise<void> {
  if (!server.listening) {
    return;
  }
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
