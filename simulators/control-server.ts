/** The loopback HTTP API by which another process drives a simulator. */
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { ZodError } from 'zod';

/** A bundle of 12,000 observations has about 15 MB. */
const BODY_LIMIT = 64 * 1024 * 1024;

/** Makes the server; wrong input is answered 400 with what is wrong. */
export function createControlServer(): FastifyInstance {
  const server = fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true });
  server.setErrorHandler(async (error, _request, reply) => {
    const status = error instanceof ZodError ? 400 : 500;
    const message = error instanceof Error ? error.message : String(error);
    await reply.code(status).send({ error: message });
  });
  return server;
}

/** Listens on 127.0.0.1 and gives the address. */
export async function listenForControl(server: FastifyInstance, port: number): Promise<string> {
  return server.listen({ host: '127.0.0.1', port });
}
