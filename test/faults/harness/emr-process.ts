/** The EMR simulator as a process that can be killed, and what its processes counted that the log does not hold. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmrControl } from '../../../simulators/emr/control';
import type { EmrOptions } from '../../../simulators/emr/emr-simulator';
import { SimulatorProcess } from '../../../simulators/simulator-process';

export interface EmrProcessOptions {
  /** Compiled `simulators/main.js`. */
  readonly main: string;
  readonly folder: string;
  readonly options: Omit<EmrOptions, 'port' | 'log' | 'tls'>;
}

export class EmrProcess {
  readonly logFile: string;
  readonly port: number;
  readonly #options: EmrProcessOptions;
  #process: SimulatorProcess;
  #pipelined = 0;
  #strayBytes = 0;

  private constructor(options: EmrProcessOptions, process: SimulatorProcess, port: number) {
    this.#options = options;
    this.#process = process;
    this.port = port;
    this.logFile = logFileOf(options.folder);
  }

  static async start(options: EmrProcessOptions): Promise<EmrProcess> {
    const process = await launch(options, 0);
    const { ready } = process;
    if (ready.simulator !== 'emr') throw new Error('the wrong simulator was started');
    return new EmrProcess(options, process, ready.port);
  }

  /** Keeps what it has counted: to be called just before `kill`. */
  async count(): Promise<void> {
    const { connections } = await this.control.stats();
    this.#pipelined += connections.pipelined;
    this.#strayBytes += connections.strayBytes;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#process.end('SIGKILL');
  }

  /** Starts it again on the same port and log. */
  async startAgain(): Promise<void> {
    this.#process = await launch(this.#options, this.port);
  }

  get control(): EmrControl {
    return new EmrControl(this.#process.ready.controlUrl);
  }

  /** Over all its lives: frames sent before the earlier one of the connection was answered, bytes outside frames. */
  async misuse(): Promise<{ readonly pipelined: number; readonly strayBytes: number }> {
    const { connections } = await this.control.stats();
    return {
      pipelined: this.#pipelined + connections.pipelined,
      strayBytes: this.#strayBytes + connections.strayBytes,
    };
  }

  async stop(): Promise<void> {
    await this.#process.end();
  }
}

async function launch(options: EmrProcessOptions, port: number): Promise<SimulatorProcess> {
  const file = join(options.folder, 'emr.json');
  writeFileSync(file, JSON.stringify({ ...options.options, port, log: logFileOf(options.folder) }));
  return SimulatorProcess.start({ main: options.main, args: ['emr', '--config', file] });
}

function logFileOf(folder: string): string {
  return join(folder, 'emr-frames.jsonl');
}
