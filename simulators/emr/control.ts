/** Drives the EMR simulator over HTTP: the server's routes, and the client for the driving process. */
import { request } from 'undici';
import { createControlServer } from '../control-server';
import { AnswerRatesSchema, ScriptedAnswerSchema } from './answers';
import { EmrSimulatorStatsSchema } from './emr-simulator';
import type { FastifyInstance } from 'fastify';
import type { AnswerRates, ScriptedAnswer } from './answers';
import type { EmrSimulator, EmrSimulatorStats } from './emr-simulator';

/** The routes. Frames are read from the log file (`readEmrLog`), which is there when the process is not. */
export function createEmrControl(simulator: EmrSimulator): FastifyInstance {
  const server = createControlServer();
  server.get('/stats', () => simulator.stats());
  server.put('/rates', (call) => {
    simulator.setRates(AnswerRatesSchema.parse(call.body));
    return {};
  });
  server.post('/script', (call) => {
    simulator.script(ScriptedAnswerSchema.parse(call.body));
    return {};
  });
  return server;
}

/** The driving side. */
export class EmrControl {
  readonly #url: string;

  /** @param url as in the line that the process prints when it is ready */
  constructor(url: string) {
    this.#url = url;
  }

  async stats(): Promise<EmrSimulatorStats> {
    return EmrSimulatorStatsSchema.parse(await this.#call('GET', '/stats'));
  }

  async setRates(rates: AnswerRates): Promise<void> {
    await this.#call('PUT', '/rates', rates);
  }

  async script(scripted: ScriptedAnswer): Promise<void> {
    await this.#call('POST', '/script', scripted);
  }

  async #call(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown> {
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
