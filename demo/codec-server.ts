/**
 * Decodes payloads for the Temporal Web UI of the demo, which stands on the same machine. In production a codec server
 * asks who wants to read; this one listens on loopback and answers no page but the Web UI.
 */
import { fastify, type FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Payload } from '@temporalio/common';
import { createKeyRing } from '../src/runtime/codec/key-ring';
import { EncryptionCodec } from '../src/runtime/codec/payload-codec';
import { loadConfig } from '../src/runtime/config/load';
import { DuctusError } from '../src/domain/errors';

/** A page of events of one workflow; each payload is limited to 256 KiB by the codec. */
const BODY_LIMIT = 32 * 1024 * 1024;

const base64 = z.base64().transform((text): Uint8Array => Buffer.from(text, 'base64'));
/** Payloads in the JSON form of protocol buffers: bytes are base64. */
const PayloadsSchema = z.object({
  payloads: z
    .array(
      z.object({ metadata: z.record(z.string(), base64).default({}), data: base64.default(() => new Uint8Array()) }),
    )
    .default([]),
});

export interface CodecServer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts the server on loopback.
 * @param codec the codec of the configuration
 * @param origins pages that may ask, as `http://127.0.0.1:8233`
 */
export async function startCodecServer(
  codec: EncryptionCodec,
  options: { readonly port: number; readonly origins: readonly string[] },
): Promise<CodecServer> {
  const server = fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true });
  allowOrigins(server, options.origins);
  server.setErrorHandler(async (error, _request, reply) => {
    const message = error instanceof DuctusError || error instanceof z.ZodError ? error.message : 'it failed';
    await reply.code(400).send({ message });
  });
  server.post('/decode', async (request) => answer(await codec.decode(PayloadsSchema.parse(request.body).payloads)));
  server.post('/encode', async (request) => answer(await codec.encode(PayloadsSchema.parse(request.body).payloads)));
  const url = await server.listen({ host: '127.0.0.1', port: options.port });
  return { url, stop: () => server.close() };
}

/** The codec that a configuration file asks for. */
export function codecOf(configFile: string): EncryptionCodec {
  return new EncryptionCodec(createKeyRing(loadConfig({ file: configFile, env: {} }).encryption));
}

/** CORS; any other page is refused. A caller that names no origin is no page: the `temporal` command, for example. */
function allowOrigins(server: FastifyInstance, origins: readonly string[]): void {
  server.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    if (origin === undefined) return;
    if (!origins.includes(origin)) return reply.code(403).send({ message: 'not for this page' });
    reply.headers({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'authorization, content-type, x-namespace',
      'access-control-allow-methods': 'POST, OPTIONS',
      vary: 'origin',
    });
    if (request.method === 'OPTIONS') return reply.code(204).send();
  });
}

function answer(payloads: readonly Payload[]): object {
  const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
  return {
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, text(bytes)])),
      data: text(data),
    })),
  };
}
