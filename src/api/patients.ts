/**
 * The operators' HTTP API of the patient cross-reference. Numbers stand in bodies only, never in an address, which
 * proxies log; to read them takes the right `decode`, as for payloads in Temporal.
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DuctusError } from '../domain/errors';
import { PatientEntrySchema, SourceNumberSchema } from '../domain/patients';
import { isPlainText, PLAIN_TEXT_RULE } from '../domain/plain-text';
import type { Config } from '../runtime/config/schema';
import type { PatientOperations } from '../runtime/patient-operations';
import { requireOperator, requireViewer } from './authentication';
import { parseElements } from './request-error';

/** A body has at most `api.bodyLimitBytes`; files go through the command line. */
const MAX_ENTRIES = 500;

const plain = z.string().max(200).refine(isPlainText, PLAIN_TEXT_RULE);
const order = {
  organization: plain,
  reason: z.string().min(1).max(1000).refine(isPlainText, PLAIN_TEXT_RULE),
};
const ImportSchema = z.strictObject({
  ...order,
  replace: z.boolean().default(false),
  patients: z.array(PatientEntrySchema).min(1).max(MAX_ENTRIES),
});
const RemoveSchema = z.strictObject({ ...order, patients: z.array(SourceNumberSchema).min(1).max(MAX_ENTRIES) });
const SearchSchema = z.strictObject({
  organization: plain,
  sourceSystem: plain.optional(),
  sourceValue: plain.optional(),
  limit: z.number().int().positive().max(10_000).optional(),
  offset: z.number().int().min(0).optional(),
});

/** Adds the routes. */
export function registerPatients(app: FastifyInstance, config: Config, patients: PatientOperations): void {
  app.get('/operations/patients', async (request) => {
    requireOperator(config, request, 'read');
    const { organization } = parseElements(z.strictObject({ organization: plain.optional() }), request.query);
    return { systems: await patients.summary(organization) };
  });

  app.post('/operations/patients/search', async (request) => {
    const viewer = requireViewer(config, request, 'decode');
    const { organization, ...filter } = parseElements(SearchSchema, request.body);
    return { patients: await patients.list(organization, filter, viewer) };
  });

  app.post('/operations/patients/import', async (request) => {
    const viewer = requireViewer(config, request, 'repair');
    const { organization, reason, replace, patients: entries } = parseElements(ImportSchema, request.body);
    const outcome = await patients.import(organization, entries, { ...viewer, reason, replace });
    if (outcome.status === 'done') {
      const { added, replaced, unchanged } = outcome;
      return { added, replaced, unchanged };
    }
    throw outcome.status === 'different'
      ? new DuctusError(
          'DUCTUS_STATE_CONFLICT',
          `Nothing was imported: ${places(outcome.changed)} are there with another number. Compare them; \`"replace": true\` replaces them.`,
        )
      : new DuctusError(
          'DUCTUS_REQUEST_INVALID',
          `Nothing was imported: ${places(outcome.positions)} contradict an earlier entry of the same request.`,
        );
  });

  app.post('/operations/patients/remove', async (request) => {
    const viewer = requireViewer(config, request, 'repair');
    const { organization, reason, patients: numbers } = parseElements(RemoveSchema, request.body);
    return { removed: await patients.remove(organization, numbers, { ...viewer, reason }) };
  });
}

function places(positions: readonly number[]): string {
  return positions.map((position) => `patients.${String(position)}`).join(', ');
}
