/** Drives the Roche simulator over HTTP: the server's routes, and the client for the driving process. */
import { request } from 'undici';
import { z } from 'zod';
import { createControlServer } from '../control-server';
import { CallbackSchema, FaultRatesSchema, ROCHE_FAULTS } from './options';
import { PatientStatsSchema, PatientTotalsSchema } from './patients-statistics';
import { bgBundle } from './sample-data';
import { AttemptStatsSchema, RocheStatsSchema } from './statistics';
import type { FastifyInstance } from 'fastify';
import type { Callback, FaultRates, RocheFault } from './options';
import type { PatientStats, PatientTotals } from './patients-statistics';
import type { RocheSimulator, ShareRequest, ShareResult } from './roche-simulator';
import type { AttemptStats, RocheStats } from './statistics';

const SampleSchema = z.strictObject({
  patient: z.number().int(),
  count: z.number().int().min(0),
  seed: z.number().int(),
});

const ShareBodySchema = z
  .strictObject({
    organization: z.string(),
    option: z.enum(['access-point', 'presigned-url']),
    /** The file: a resource, or text as it is. */
    bundle: z.union([z.record(z.string(), z.unknown()), z.string()]).optional(),
    /** A synthetic bundle, made by the simulator. */
    sample: SampleSchema.optional(),
    messageId: z.string().optional(),
    objectKey: z.string().optional(),
    messageType: z.enum(['Clinical Data', 'Clinical Report']).optional(),
  })
  .refine((body) => (body.bundle === undefined) !== (body.sample === undefined), 'give bundle or sample');

const ShareResultSchema = z.object({
  messageId: z.string(),
  objectKey: z.string(),
  etag: z.string(),
  firstAttempt: AttemptStatsSchema,
});

const FaultOrderSchema = z.strictObject({ fault: z.enum(ROCHE_FAULTS), times: z.number().int().positive().default(1) });

/** The routes. */
export function createRocheControl(simulator: RocheSimulator): FastifyInstance {
  const server = createControlServer();
  server.get('/stats', () => simulator.stats());
  server.get('/totals', () => simulator.stats().totals);
  server.get('/patients', () => simulator.patientStats());
  server.get('/patients/totals', () => simulator.patientTotals());
  server.post('/share', async (call) => {
    const { bundle, sample, organization, option, ...rest } = ShareBodySchema.parse(call.body);
    return simulator.share({
      organization,
      option,
      bundle: sample === undefined ? (bundle ?? '') : bgBundle(sample),
      ...rest,
    });
  });
  server.post('/notifications/:messageId/repeat', (call) =>
    simulator.repeat(z.object({ messageId: z.string() }).parse(call.params).messageId),
  );
  server.put('/faults/rates', (call) => {
    simulator.setFaultRates(FaultRatesSchema.parse(call.body));
    return {};
  });
  server.post('/faults', (call) => {
    const { fault, times } = FaultOrderSchema.parse(call.body);
    simulator.faults.order(fault, times);
    return {};
  });
  server.put('/callbacks/:emrOid', (call) => {
    const { emrOid } = z.object({ emrOid: z.string() }).parse(call.params);
    simulator.setCallback(emrOid, CallbackSchema.parse(call.body));
    return {};
  });
  return server;
}

/** The driving side. */
export class RocheControl {
  readonly #url: string;

  /** @param url as in the line that the process prints when it is ready */
  constructor(url: string) {
    this.#url = url;
  }

  /** Shares a file; see `RocheSimulator.share`. */
  async share(file: Omit<ShareRequest, 'bundle'> & { readonly bundle: object | string }): Promise<ShareResult> {
    return ShareResultSchema.parse(await this.#call('POST', '/share', file));
  }

  /** Shares a synthetic bundle that the simulator makes itself. */
  async shareSample(
    file: Omit<ShareRequest, 'bundle'> & { readonly sample: z.infer<typeof SampleSchema> },
  ): Promise<ShareResult> {
    return ShareResultSchema.parse(await this.#call('POST', '/share', file));
  }

  async repeat(messageId: string): Promise<AttemptStats> {
    return AttemptStatsSchema.parse(
      await this.#call('POST', `/notifications/${encodeURIComponent(messageId)}/repeat`, {}),
    );
  }

  async setFaultRates(rates: FaultRates): Promise<void> {
    await this.#call('PUT', '/faults/rates', rates);
  }

  async orderFault(fault: RocheFault, times = 1): Promise<void> {
    await this.#call('POST', '/faults', { fault, times });
  }

  async setCallback(emrOid: string, callback: Callback): Promise<void> {
    await this.#call('PUT', `/callbacks/${encodeURIComponent(emrOid)}`, callback);
  }

  async stats(): Promise<RocheStats> {
    return RocheStatsSchema.parse(await this.#call('GET', '/stats'));
  }

  async totals(): Promise<RocheStats['totals']> {
    return RocheStatsSchema.shape.totals.parse(await this.#call('GET', '/totals'));
  }

  /** The patients, and every create and update that was stored. */
  async patientStats(): Promise<PatientStats> {
    return PatientStatsSchema.parse(await this.#call('GET', '/patients'));
  }

  async patientTotals(): Promise<PatientTotals> {
    return PatientTotalsSchema.parse(await this.#call('GET', '/patients/totals'));
  }

  async #call(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown> {
    const answer = await request(`${this.#url}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      // A share waits for the answer to its first POST.
      headersTimeout: 120_000,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) {
      throw new Error(`${method} ${path} of the simulator: ${answer.statusCode} ${text}`);
    }
    return JSON.parse(text);
  }
}
