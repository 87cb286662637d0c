/**
 * The folder-of-scripts way: an HTTP server that does token, file, transform, MLLP and ACK in one go, with Ductus's own
 * connectors and mapping, and keeps nothing. What is lost when it dies is lost.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Console } from 'node:console';
import { z } from 'zod';
import { judgeAcknowledgment } from '../src/connectors/emr/acknowledgment';
import { MllpPool, mllpOptions } from '../src/connectors/emr/mllp-pool';
import { RocheServicesClient } from '../src/connectors/roche/services-client';
import { CredentialCache } from '../src/connectors/s3/credentials';
import { S3ObjectReader } from '../src/connectors/s3/object-reader';
import { LIMITS } from '../src/domain/limits';
import { ByteBudget } from '../src/runtime/byte-budget';
import { loadConfig } from '../src/runtime/config/load';
import { mappingProfile } from '../src/activities/mapping-profile';
import { readBundle } from '../src/transforms/fhir-bundle';
import { encodeHl7 } from '../src/transforms/fhir-to-hl7';
import { mapFile } from '../src/transforms/mapping';

const NotificationSchema = z.object({
  EmrOid: z.string(),
  MessageId: z.string(),
  MessageCreatedAt: z.string(),
  MessageReference: z.object({ accesspoint: z.string(), objectKey: z.string() }),
  MessageReceiptHandle: z.string(),
});

function main(configFile: string, port: number): void {
  const config = loadConfig({ file: configFile, env: process.env });
  const [organization] = Object.values(config.organizations);
  const [destination] = Object.values(config.destinations);
  if (organization === undefined || destination?.kind !== 'mllp') throw new Error('no MLLP destination is configured');
  const services = new RocheServicesClient({ emrOid: organization.emrOid, config: organization.roche });
  const credentials = new CredentialCache((signal) => services.fetchToken(randomUUID(), signal), {
    refreshBeforeMs: LIMITS.tokenRefreshBeforeMs,
  });
  const objects = new S3ObjectReader({ retrieval: organization.retrieval, credentials });
  const pool = new MllpPool(mllpOptions(destination));
  const budget = new ByteBudget(config.dataSharing.maxBytesInFlight);
  const profile = mappingProfile(destination, { timeZone: organization.timeZone, identity: 'as-sent' }, []);

  const handle = async (body: string, operationId: string): Promise<void> => {
    const notification = NotificationSchema.parse(JSON.parse(body));
    const { accesspoint: accessPoint, objectKey } = notification.MessageReference;
    const file = await objects.read({ accessPoint, objectKey }, { budget });
    const context = { createdAtMs: Number(notification.MessageCreatedAt), seed: notification.MessageId };
    const made = mapFile(readBundle(file.bytes), profile, {
      ...context,
      delivered: new Map(),
      leaveOut: new Set(),
      identities: new Map(),
      redelivery: false,
    });
    file.release();
    for (const message of made.messages) {
      const answer = await pool.send(encodeHl7(message.text, profile.hl7.characterSet), message.controlId);
      const judged = judgeAcknowledgment(answer, destination.acknowledgments, { resent: false });
      if (judged.verdict !== 'accepted') throw new Error(`refused: ${judged.code}`);
    }
    await services.acknowledge({
      receiptHandle: notification.MessageReceiptHandle,
      operationId,
      originRequestId: randomUUID(),
    });
  };

  const errors = new Console(process.stderr);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const operationId = request.headers['x-operation-id'];
      handle(Buffer.concat(chunks).toString('utf8'), typeof operationId === 'string' ? operationId : '').catch(
        (error: unknown) => errors.error(error),
      );
      response.writeHead(202).end();
    });
  });
  server.listen(port, '127.0.0.1', () => console.log('ready'));
}

const [configFile, port] = process.argv.slice(2);
if (configFile === undefined || port === undefined) throw new Error('usage: plain-script <configuration> <port>');
main(configFile, Number(port));
