/** Drives the HIS simulator over HTTP: the server's routes, and the client for the driving process. */
import { request } from 'undici';
import { z } from 'zod';
import { createControlServer } from '../control-server';
import type { HisSimulator } from './his-simulator';
import { HisStatsSchema, LedgerEntrySchema } from './ledger';
import type { HisStats, LedgerEntry } from './ledger';
import { HisTargetSchema } from './options';
import type { FastifyInstance } from 'fastify';

const RunSchema = z.strictObject({ target: HisTargetSchema.optional() });

/** The routes. */
export function createHisControl(simulator: HisSimulator): FastifyInstance {
  const server = createControlServer();
  server.get('/stats', () => simulator.stats());
  server.get('/ledger', () => simulator.ledger());
  server.post('/run', async (call) => {
    const { target } = RunSchema.parse(call.body);
    // How it ends is in the statistics; only what it refuses at once is answered here.
    const run = simulator.run(target);
    const { state } = simulator.stats();
    if (state === 'running') {
      run.catch(() => undefined);
    } else {
      await run;
    }
    return simulator.stats();
  });
  return server;
}

/** The driving side. */
export class HisControl {
  readonly #url: string;

  /** @param url as in the line that the process prints when it is ready */
  constructor(url: string) {
    this.#url = url;
  }

  /** Begins to send; see `HisSimulator.run`. */
  async run(target?: z.input<typeof HisTargetSchema>): Promise<HisStats> {
    return HisStatsSchema.parse(await this.#call('POST', '/run', target === undefined ? {} : { target }));
  }

  async stats(): Promise<HisStats> {
    return HisStatsSchema.parse(await this.#call('GET', '/stats'));
  }

  async ledger(): Promise<LedgerEntry[]> {
    return z.array(LedgerEntrySchema).parse(await this.#call('GET', '/ledger'));
  }

  async #call(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const answer = await request(`${this.#url}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) {
      throw new Error(`${method} ${path} of the simulator: ${answer.statusCode} ${text}`);
    }
    return JSON.parse(text);
  }
}
