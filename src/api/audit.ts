/**
 * The audit over HTTP, as FHIR AuditEvents. It takes a right of its own, since who audits the operators is none of them.
 * A number of a patient stands in a body only, never in an address, which proxies log.
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { AUDIT_KINDS, type Viewer } from '../domain/audit';
import { toAuditEvent } from '../domain/audit-event';
import { isPlainText, PLAIN_TEXT_RULE } from '../domain/plain-text';
import type { AuditLog, AuditQuery } from '../runtime/audit';
import type { Config } from '../runtime/config/schema';
import { requireViewer } from './authentication';
import { parseElements } from './request-error';

const plain = z.string().min(1).max(400).refine(isPlainText, PLAIN_TEXT_RULE);
const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const filter = {
  organization: plain.optional(),
  kind: z.enum(AUDIT_KINDS).optional(),
  by: plain.optional(),
  since: time.optional(),
  until: time.optional(),
  after: z.uuid().optional(),
  limit: z.coerce.number().int().positive().max(10_000).optional(),
};
const QuerySchema = z.strictObject(filter);
const SearchSchema = z.strictObject({ ...filter, patient: plain.optional() });

/** Adds the routes. */
export function registerAudit(app: FastifyInstance, config: Config, audit: Pick<AuditLog, 'list'>): void {
  const bundle = async (query: AuditQuery, viewer: Viewer) => {
    const found = await audit.list(query, viewer);
    return {
      resourceType: 'Bundle',
      type: 'searchset',
      // A page ends with the event whose id is the `after` of the next.
      entry: found.map((record) => ({
        fullUrl: `urn:uuid:${record.id}`,
        resource: toAuditEvent(record),
        search: { mode: 'match' },
      })),
    };
  };

  app.get('/operations/audit', async (request, reply) => {
    const viewer = requireViewer(config, request, 'audit');
    const answer = await bundle(parseElements(QuerySchema, request.query), viewer);
    return reply.header('cache-control', 'no-store').type('application/fhir+json').send(answer);
  });

  app.post('/operations/audit/search', async (request, reply) => {
    const viewer = requireViewer(config, request, 'audit');
    const answer = await bundle(parseElements(SearchSchema, request.body), viewer);
    return reply.header('cache-control', 'no-store').type('application/fhir+json').send(answer);
  });
}
