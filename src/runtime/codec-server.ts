/** Runs the codec server of the configuration: beside everything else, or alone (`ductus serve --role codec`). */
import type { AddressInfo } from 'node:net';
import { createCodecServer, type CodecEvent } from '../api/codec/server';
import { toDuctusError } from '../activities/failures';
import type { AuditEntry } from '../domain/audit';
import { DuctusError } from '../domain/errors';
import { auditId, recordAudit } from '../store/audit';
import type { Store } from '../store/database';
import { createKeyRing } from './codec/key-ring';
import { EncryptionCodec } from './codec/payload-codec';
import type { Config } from './config/schema';
import type { Logger } from './telemetry/logger';

export interface RunningCodecServer {
  /** As browsers reach it: the codec endpoint to set in the Web UI. */
  readonly url: string;
  /** Lets one more Web UI ask. */
  allow(origin: string): void;
  close(): Promise<void>;
}

/**
 * Starts it.
 * @param store for the audit: nothing is shown that can't be recorded
 * @returns undefined when the configuration has no `codec`
 */
export async function startCodecServer(
  config: Config,
  logger: Logger,
  store: Store,
): Promise<RunningCodecServer | undefined> {
  const { codec: settings } = config;
  if (settings === undefined) return undefined;
  const origins = new Set(settings.origins);
  const app = await createCodecServer({
    config,
    codec: new EncryptionCodec(createKeyRing(config.encryption)),
    logger,
    origins: () => [...origins],
    record: (event) => record(store, event),
  });
  await app.listen({ host: settings.host, port: settings.port });
  const url = settings.publicUrl?.replace(/\/$/, '') ?? listeningUrl(app.addresses()[0], settings);
  logger.info({ url }, 'codec server listens');
  return { url, allow: (origin) => void origins.add(origin), close: () => app.close() };
}

function listeningUrl(
  address: AddressInfo | string | undefined,
  { host, port, tls }: NonNullable<Config['codec']>,
): string {
  if (typeof address === 'string') throw new DuctusError('DUCTUS_INTERNAL', 'The codec server listens on no port.');
  const name = address?.family === 'IPv6' ? `[${address.address}]` : (address?.address ?? host);
  return `${tls === undefined ? 'http' : 'https'}://${name}:${String(address?.port ?? port)}`;
}

/**
 * The Web UI asks many times to show one page: what one person reads of one workflow within this time is one event.
 */
const ONE_LOOK_MS = 60_000;

async function record(store: Store, event: CodecEvent): Promise<void> {
  try {
    for (const entry of entriesOf(event, Math.floor(Date.now() / ONE_LOOK_MS))) await recordAudit(store, entry);
  } catch (error) {
    throw toDuctusError(error);
  }
}

function entriesOf(event: CodecEvent, look: number): readonly AuditEntry[] {
  const { address } = event;
  switch (event.kind) {
    case 'payload-read': {
      const { operator, via, namespace, workflowIds } = event;
      const works = workflowIds.length === 0 ? [undefined] : workflowIds;
      return works.map((work) => ({
        id: auditId('payload-read', operator, via, address, namespace, work ?? '', look),
        kind: 'payload-read',
        action: 'R',
        by: operator,
        origin: { via, address },
        details: { namespace },
        ...(work === undefined ? {} : { work }),
      }));
    }
    case 'sign-in-failure':
      return [
        {
          kind: 'sign-in-failure',
          action: 'E',
          outcome: 4,
          by: 'unknown',
          origin: { via: 'http', address },
          details: { server: 'codec', ...before(event.notWrittenBefore) },
        },
      ];
    case 'access-refused':
      return [
        {
          kind: 'access-refused',
          action: 'E',
          outcome: 4,
          by: event.operator,
          origin: { via: 'http', address },
          details: { server: 'codec', right: 'decode', ...before(event.notWrittenBefore) },
        },
      ];
  }
}

function before(notWritten: number): Readonly<Record<string, number>> {
  return notWritten === 0 ? {} : { 'not-written-before': notWritten };
}
