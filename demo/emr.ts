/** The EMR of the demo: the simulator on a port that stays the same, so that it can be away for a while, and its log. */
import type { FastifyInstance } from 'fastify';
import { listenForControl } from '../simulators/control-server';
import { createEmrControl } from '../simulators/emr/control';
import { framesOf, type EmrFrame } from '../simulators/emr/frames';
import { EmrSimulator } from '../simulators/emr/emr-simulator';
import type { LogRecord } from '../simulators/emr/frame-log';
import { EmrLog } from './emr-log';

export interface EmrNews {
  readonly frames: readonly EmrFrame[];
  /** Messages whose connection broke before they were stored. */
  readonly dropped: readonly Extract<LogRecord, { type: 'dropped' }>[];
}

export class DemoEmr {
  readonly #path: string;
  readonly #log: EmrLog;
  readonly #seed: number;
  #simulator: EmrSimulator;
  #control: FastifyInstance | undefined;
  #port = 0;
  #controlPort: number;

  /**
   * @param path of the log of frames; an existing one is gone on with
   * @param controlPort port of the control API; 0: a free one
   */
  constructor(path: string, seed: number, controlPort: number) {
    EmrLog.rotate(path);
    this.#controlPort = controlPort;
    this.#path = path;
    this.#seed = seed;
    this.#log = new EmrLog(path);
    this.#simulator = new EmrSimulator({ log: path, seed });
  }

  async start(): Promise<void> {
    await this.#simulator.start();
    this.#port = this.#simulator.port;
    this.#control = createEmrControl(this.#simulator);
    const { port } = new URL(await listenForControl(this.#control, this.#controlPort));
    this.#controlPort = Number(port);
  }

  /** Nothing answers any more, its control API included. Safe to repeat. */
  async stop(): Promise<void> {
    const control = this.#control;
    if (control === undefined) return;
    this.#control = undefined;
    await control.close();
    await this.#simulator.stop();
  }

  /** Starts it again on the same port, with what it knew. */
  async startAgain(): Promise<void> {
    this.#simulator = new EmrSimulator({ log: this.#path, seed: this.#seed, port: this.#port });
    await this.start();
  }

  get runs(): boolean {
    return this.#control !== undefined;
  }

  get simulator(): EmrSimulator {
    return this.#simulator;
  }

  get port(): number {
    return this.#port;
  }

  get controlUrl(): string {
    return `http://127.0.0.1:${String(this.#controlPort)}`;
  }

  /** What came since the last look. */
  async news(): Promise<EmrNews> {
    const records = await this.#log.news();
    return { frames: framesOf(records), dropped: records.filter((record) => record.type === 'dropped') };
  }
}
