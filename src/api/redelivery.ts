/**
 * Redelivery over HTTP: compare, look at the difference, sign it off. The difference holds values of patients, so it
 * needs the right `decode`; the sign-off needs `repair`.
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Viewer } from '../domain/audit';
import { DuctusError } from '../domain/errors';
import { NotificationIdSchema, OrganizationIdSchema } from '../domain/identifiers';
import { isPlainText, PLAIN_TEXT_RULE } from '../domain/plain-text';
import type { RedeliveryApproval, RedeliverySelection, RedeliveryState } from '../domain/redelivery';
import type { Config } from '../runtime/config/schema';
import { requireOperator, requireViewer } from './authentication';
import { parseElements } from './request-error';

/** What the routes need; the runtime's `createOperations` has it. */
export interface RedeliveryApi {
  compare(
    selection: Omit<RedeliverySelection, 'destination' | 'until'> & { destination: string; until?: string },
  ): Promise<string>;
  approve(approval: RedeliveryApproval): Promise<string>;
  state(name: string, viewer: Viewer): Promise<RedeliveryState | undefined>;
}

const time = z.iso.datetime({ offset: true });
/** A start names no more files than fit into the workflow's input; a range takes any number. */
const MOST_NOTIFICATIONS = 1000;

const SelectionSchema = z.strictObject({
  destination: z.string(),
  organization: OrganizationIdSchema.exactOptional(),
  since: time.exactOptional(),
  until: time.exactOptional(),
  notifications: z.array(NotificationIdSchema).min(1).max(MOST_NOTIFICATIONS).exactOptional(),
  all: z.boolean().default(false),
});
const ApprovalSchema = z.strictObject({
  reason: z.string().min(1).max(1000).refine(isPlainText, PLAIN_TEXT_RULE),
});
const DIGEST = /^[0-9a-f]{16}$/;
const NAME = /^[a-z0-9-]{1,63}\/[a-z0-9-]{1,64}$/;

/** Adds the routes. */
export function registerRedelivery(app: FastifyInstance, config: Config, redelivery: RedeliveryApi): void {
  app.post('/operations/redeliveries', async (request, reply) => {
    requireOperator(config, request, 'decode');
    const name = await redelivery.compare(parseElements(SelectionSchema, request.body));
    return reply.code(202).send({ name });
  });

  app.get<{ Params: { '*': string } }>('/operations/redeliveries/*', async (request, reply) => {
    const viewer = requireViewer(config, request, 'decode');
    const name = request.params['*'];
    const state = NAME.test(name) ? await redelivery.state(name, viewer) : undefined;
    if (state === undefined) throw new DuctusError('DUCTUS_NOT_FOUND');
    return reply.header('cache-control', 'no-store').send(state);
  });

  app.post<{ Params: { digest: string } }>('/operations/redeliveries/:digest/approve', async (request, reply) => {
    const by = requireOperator(config, request, 'repair');
    const { digest } = request.params;
    if (!DIGEST.test(digest)) throw new DuctusError('DUCTUS_NOT_FOUND');
    const { reason } = parseElements(ApprovalSchema, request.body);
    return reply.code(202).send({ name: await redelivery.approve({ digest, by, reason }) });
  });
}
