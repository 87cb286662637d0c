/**
 * The operators' HTTP API: parked work and destinations. Each call carries an operator's Bearer token; who decided
 * stands in the ledger under the operator's name.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Repair, RepairResult } from '../domain/data-sharing';
import { DuctusError, ERRORS, isErrorCode, type ErrorCode } from '../domain/errors';
import { isPlainText, PLAIN_TEXT_RULE } from '../domain/plain-text';
import type { DestinationView } from '../queries/destinations';
import type { ParkedFilter, ParkedWork } from '../queries/parked';
import type { Work } from '../queries/work';
import type { Config } from '../runtime/config/schema';
import { requireOperator, type OperatorRight } from './authentication';
import { parseElements } from './request-error';

/** What the routes need; the runtime's `createOperations` has it. */
export interface OperationsApi {
  parked(filter: ParkedFilter): Promise<readonly ParkedWork[]>;
  work(workflowId: string): Promise<Work | undefined>;
  repair(workflowId: string, repair: Repair): Promise<RepairResult>;
  repairAll(
    filter: ParkedFilter,
    repair: Repair,
  ): Promise<readonly { readonly workflowId: string; readonly refused?: string }[]>;
  destinations(): Promise<readonly DestinationView[]>;
  hold(destination: string, order: { readonly by: string; readonly reason: string }): Promise<void>;
  resume(destination: string, order: { readonly by: string; readonly reason: string }): Promise<boolean>;
}

const ErrorCodeSchema = z.custom<ErrorCode>(isErrorCode, `is not one of the codes: ${Object.keys(ERRORS).join(', ')}`);

const FilterSchema = z.strictObject({
  organization: z.string().refine(isPlainText, PLAIN_TEXT_RULE).optional(),
  code: ErrorCodeSchema.optional(),
  since: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .optional(),
  until: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .optional(),
  limit: z.coerce.number().int().positive().max(10_000).optional(),
});

const reason = z.string().min(1).max(1000).refine(isPlainText, PLAIN_TEXT_RULE);
const RepairSchema = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('retry'),
    from: z.enum(['retrieve', 'transform', 'deliver', 'acknowledge']).optional(),
    reason,
  }),
  z.strictObject({ action: z.literal('skip'), resources: z.array(z.string()).default([]), reason }),
  z.strictObject({ action: z.literal('discard'), reason }),
]);

/** Adds the routes. */
export function registerOperations(app: FastifyInstance, config: Config, operations: OperationsApi): void {
  const operator = (request: FastifyRequest, right: OperatorRight): string => requireOperator(config, request, right);
  const decision = (body: z.output<typeof RepairSchema>, by: string): Repair => {
    if (body.action !== 'retry') return { ...body, by };
    const { from, ...rest } = body;
    return { ...rest, by, ...(from === undefined ? {} : { from }) };
  };

  app.get('/operations/parked', async (request) => {
    operator(request, 'read');
    return { parked: await operations.parked(parseElements(FilterSchema, request.query)) };
  });

  app.post('/operations/parked/repair', async (request) => {
    const by = operator(request, 'repair');
    const body = parseElements(z.strictObject({ filter: FilterSchema, repair: RepairSchema }), request.body);
    return { results: await operations.repairAll(body.filter, decision(body.repair, by)) };
  });

  app.get<{ Params: { '*': string } }>('/operations/work/*', async (request) => {
    operator(request, 'read');
    const id = request.params['*'];
    const work = isPlainText(id) ? await operations.work(id) : undefined;
    if (work === undefined) throw new DuctusError('DUCTUS_NOT_FOUND');
    return work;
  });

  app.post<{ Params: { '*': string } }>('/operations/repair/*', async (request) => {
    const by = operator(request, 'repair');
    const id = request.params['*'];
    if (!isPlainText(id)) throw new DuctusError('DUCTUS_NOT_FOUND');
    return operations.repair(id, decision(parseElements(RepairSchema, request.body), by));
  });

  app.get('/operations/destinations', async (request) => {
    operator(request, 'read');
    return { destinations: await operations.destinations() };
  });

  app.post<{ Params: { destination: string; order: string } }>(
    '/operations/destinations/:destination/:order',
    async (request, reply) => {
      const by = operator(request, 'repair');
      const { destination, order } = request.params;
      const body = parseElements(z.strictObject({ reason }), request.body);
      if (order === 'hold') {
        await operations.hold(destination, { by, reason: body.reason });
      } else if (order === 'resume') {
        if (!(await operations.resume(destination, { by, reason: body.reason }))) {
          throw new DuctusError(
            'DUCTUS_STATE_CONFLICT',
            `Destination "${destination}" is open: there is nothing to resume.`,
          );
        }
      } else {
        throw new DuctusError('DUCTUS_NOT_FOUND');
      }
      return reply.code(202).send({ destination, order });
    },
  );
}
