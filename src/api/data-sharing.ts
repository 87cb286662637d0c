/**
 * `POST /roche/notifications`: takes a notification (SPECS §1.3), answers 202 once Temporal has stored it, and does
 * nothing else.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { v5 as uuidV5 } from 'uuid';
import { z } from 'zod';
import type { FileSource, Notification } from '../domain/data-sharing';
import { EmrOidSchema, NotificationIdSchema, type NotificationId, type OrganizationId } from '../domain/identifiers';
import { DuctusError } from '../domain/errors';
import { isPlainText, PLAIN_TEXT_RULE } from '../domain/plain-text';
import type { Config, OrganizationConfig } from '../runtime/config/schema';
import { authenticatedOrganizations } from './authentication';
import { parseElements, RequestError } from './request-error';

/** What Roche names must fit into the ledger, an S3 request and a header. */
const plainText = (most: number) => z.string().min(1).max(most).refine(isPlainText, PLAIN_TEXT_RULE);

/** S3 keys have at most 1,024 bytes of UTF-8. */
const MOST_KEY_BYTES = 1024;

const AccessPointReferenceSchema = z.object({
  accesspoint: plainText(2048),
  objectKey: plainText(MOST_KEY_BYTES).refine(
    (key) => Buffer.byteLength(key) <= MOST_KEY_BYTES,
    'must have at most 1024 bytes',
  ),
});

/** The last moment of the year 9999: HL7 times have four digits for the year. */
const LAST_MOMENT_MS = 253_402_300_799_999;

const BodySchema = z.object({
  EmrOid: EmrOidSchema,
  MessageId: NotificationIdSchema,
  MessageType: z.enum(['Clinical Data', 'Clinical Report']),
  // Epoch milliseconds as a string by the guide; a number is taken as well.
  MessageCreatedAt: z
    .union([z.string().regex(/^\d{1,15}$/, 'use epoch milliseconds'), z.number().int().nonnegative()])
    .transform(Number)
    .refine((time) => time <= LAST_MOMENT_MS, 'use epoch milliseconds, up to the year 9999'),
  MessageReference: z.record(z.string(), z.unknown()),
  MessageReceiptHandle: plainText(8192),
});

/** Makes the operation id of an ACK where Roche left the header out: the ACK needs one. */
const OPERATION_ID_NAMESPACE = '0b5c8a52-3f3f-4e0c-8f7e-6a7d0d7a7c11';

export interface DataSharingApi {
  /** Stores the notification in Temporal. @throws DuctusError DUCTUS_TEMPORAL_UNAVAILABLE */
  readonly notify: (input: {
    readonly organization: OrganizationId;
    readonly notificationId: NotificationId;
    readonly notification: Notification;
  }) => Promise<void>;
  readonly onResult: (result: 'accepted') => void;
}

/** Adds the route. */
export function registerDataSharing(app: FastifyInstance, config: Config, api: DataSharingApi): void {
  app.post('/roche/notifications', {
    // Before the body is read: a stranger's body is not parsed.
    onRequest: async (request) => {
      if (authenticatedOrganizations(config, request).length === 0) throw new DuctusError('DUCTUS_UNAUTHENTICATED');
      return Promise.resolve();
    },
    handler: async (request, reply) => {
      const receivedAtMs = Date.now();
      const body = parseElements(BodySchema, request.body);
      const organization = authenticatedOrganizations(config, request).find(
        (id) => config.organizations[id]?.emrOid === body.EmrOid,
      );
      const organizationConfig = organization === undefined ? undefined : config.organizations[organization];
      if (organization === undefined || organizationConfig === undefined)
        throw new DuctusError('DUCTUS_ORGANIZATION_UNKNOWN');
      const source = fileSource(body.MessageReference, organizationConfig);
      const operationId = request.headers['x-operation-id'];
      await api.notify({
        organization,
        notificationId: body.MessageId,
        notification: {
          source,
          sourceHash: sourceHash(source),
          messageType: body.MessageType,
          createdAtMs: body.MessageCreatedAt,
          receivedAtMs,
          receiptHandle: body.MessageReceiptHandle,
          operationId:
            typeof operationId === 'string' && operationId !== ''
              ? operationId
              : uuidV5(body.MessageReceiptHandle, OPERATION_ID_NAMESPACE),
        },
      });
      api.onResult('accepted');
      return reply.code(202).send();
    },
  });
}

function fileSource(reference: Readonly<Record<string, unknown>>, organization: OrganizationConfig): FileSource {
  for (const key of organization.retrieval.urlKeys) {
    const value = reference[key];
    if (value === undefined) continue;
    const url = z
      .url({ protocol: /^https$/ })
      .max(8192)
      .safeParse(value);
    if (!url.success) throw new RequestError([{ expression: `MessageReference.${key}`, text: 'must be an https URL' }]);
    return { kind: 'presigned-url', url: url.data };
  }
  const accessPoint = parseElements(AccessPointReferenceSchema, reference, 'MessageReference');
  return { kind: 'access-point', accessPoint: accessPoint.accesspoint, objectKey: accessPoint.objectKey };
}

/** Hash of a file's address. A pre-signed URL is signed anew for each notification, so its query is left out. */
function sourceHash(source: FileSource): string {
  const address =
    source.kind === 'access-point' ? `${source.accessPoint}\n${source.objectKey}` : withoutQuery(new URL(source.url));
  return createHash('sha256').update(address).digest('hex');
}

function withoutQuery(url: URL): string {
  return `${url.host}${url.pathname}`;
}
