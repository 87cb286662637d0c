/**
 * The operators' HTTP API of patients: cross-reference and registry. Numbers stand in bodies only, never in an address, which
 * proxies log; to read them takes the right `decode`, as for payloads in Temporal.
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DuctusError } from '../domain/errors';
import { Consent } from '../domain/patient-sync';
import { ConsentEntrySchema, PatientEntrySchema, SourceNumberSchema } from '../domain/patients';
import { isPlainText, PLAIN_TEXT_RULE } from '../domain/plain-text';
import type { Config } from '../runtime/config/schema';
import { CONSENTS, REGISTRY_STATES } from '../queries/patient-registry';
import type { Operations } from '../runtime/operations';
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
  state: z.enum(REGISTRY_STATES).optional(),
  consent: z.enum(CONSENTS).optional(),
});
const whole = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a number')
  .transform(Number);
const RegisteredSchema = z.strictObject({
  organization: plain.optional(),
  state: z.enum(REGISTRY_STATES).optional(),
  consent: z.enum(CONSENTS).optional(),
  limit: whole.pipe(z.number().int().positive().max(10_000)).optional(),
  offset: whole.optional(),
});
const ShowSchema = z.strictObject({
  organization: plain,
  sourceSystem: plain.optional(),
  sourceValue: plain.optional(),
  patient: plain.optional(),
});
const ConsentSchema = z.strictObject({
  ...order,
  consent: z.enum([Consent.given, Consent.withdrawn]),
  skipUnknown: z.boolean().default(false),
  patients: z.array(ConsentEntrySchema).min(1).max(MAX_ENTRIES),
});
const ResendSchema = z.strictObject({
  ...order,
  patients: z.array(plain).min(1).max(MAX_ENTRIES).optional(),
  all: z.strictObject({ state: z.enum(REGISTRY_STATES).optional(), consent: z.enum(CONSENTS).optional() }).optional(),
});
const UnmergeSchema = z.strictObject({ ...order, patients: z.array(plain).min(1).max(MAX_ENTRIES) });
const WorklistSchema = z.strictObject({
  organization: plain.optional(),
  limit: z.number().int().positive().max(10_000).optional(),
});

/** Adds the routes. */
export function registerPatients(
  app: FastifyInstance,
  config: Config,
  patients: PatientOperations,
  repair: Operations['repair'],
): void {
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

  app.get('/operations/patients/registered', async (request) => {
    requireOperator(config, request, 'read');
    return { patients: await patients.registered(parseElements(RegisteredSchema, request.query)) };
  });

  app.post('/operations/patients/show', async (request) => {
    const viewer = requireViewer(config, request, 'decode');
    const { organization, sourceSystem, sourceValue, patient } = parseElements(ShowSchema, request.body);
    if ((patient === undefined) === (sourceValue === undefined)) {
      throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Give `patient` or `sourceValue`, one of them.');
    }
    const found = await patients.show(
      organization,
      patient === undefined ? { sourceSystem, sourceValue: sourceValue ?? '' } : { patient, withNumbers: true },
      viewer,
    );
    return { patients: found };
  });

  app.post('/operations/patients/consent', async (request) => {
    const viewer = requireViewer(config, request, 'repair');
    const {
      organization,
      reason,
      consent,
      skipUnknown,
      patients: entries,
    } = parseElements(ConsentSchema, request.body);
    const outcome = await patients.consent(organization, entries, { ...viewer, reason, consent, skipUnknown });
    if (outcome.status === 'done') {
      const { changed, unchanged, unknown } = outcome;
      return { changed, unchanged, unknown };
    }
    const problems = [
      ...(outcome.unknown.length === 0 ? [] : [`the registry has no patient for ${places(outcome.unknown)}`]),
      ...(outcome.ambiguous.length === 0 ? [] : [`${places(outcome.ambiguous)} need a system`]),
      ...(outcome.contradictory.length === 0 ? [] : [`${places(outcome.contradictory)} contradict an earlier entry`]),
    ];
    throw new DuctusError('DUCTUS_REQUEST_INVALID', `Nothing was written: ${problems.join('; ')}.`);
  });

  app.post('/operations/patients/resend', async (request) => {
    const viewer = requireViewer(config, request, 'repair');
    const { organization, reason, patients: hashes, all } = parseElements(ResendSchema, request.body);
    const selection = all === undefined ? { patients: hashes ?? [] } : { all };
    if ((hashes === undefined) === (all === undefined)) {
      throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Give `patients` or `all`, one of them.');
    }
    return { results: await patients.resend(organization, selection, { ...viewer, reason }, repair) };
  });

  app.post('/operations/patients/unmerge', async (request) => {
    const viewer = requireViewer(config, request, 'repair');
    const { organization, reason, patients: hashes } = parseElements(UnmergeSchema, request.body);
    return { results: await patients.unmerge(organization, hashes, { ...viewer, reason }) };
  });

  app.get('/operations/patients/worklist', async (request) => {
    requireOperator(config, request, 'read');
    const { organization } = parseElements(z.strictObject({ organization: plain.optional() }), request.query);
    return { entries: await patients.worklist({ organization }, undefined) };
  });

  app.post('/operations/patients/worklist', async (request) => {
    const viewer = requireViewer(config, request, 'decode');
    return { entries: await patients.worklist(parseElements(WorklistSchema, request.body ?? {}), viewer) };
  });
}

function places(positions: readonly number[]): string {
  return positions.map((position) => `patients.${String(position)}`).join(', ');
}
