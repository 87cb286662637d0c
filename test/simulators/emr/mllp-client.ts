/** A bare MLLP client for the simulator's tests: sends bytes as told, collects frames as they come. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { ChangeSignal } from '../../../simulators/condition';
import { frame, MllpFramer } from '../../../simulators/emr/mllp-framer';
import { lookupLocalhost } from '../../../simulators/localhost-lookup';

export class MllpClient implements AsyncDisposable {
  readonly frames: string[] = [];
  closed = false;
  readonly #socket: Socket;
  readonly #framer = new MllpFramer(1024 * 1024);
  readonly #changes = new ChangeSignal();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.frames.push(...this.#framer.push(chunk).map((message) => message.toString('utf8')));
      this.#changes.changed();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#changes.changed();
    });
  }

  static async open(port: number, tls?: ConnectionOptions): Promise<MllpClient> {
    const socket =
      tls === undefined
        ? connect({ port, host: '127.0.0.1' })
        : connectTls({ port, host: 'localhost', lookup: lookupLocalhost, ...tls });
    await new Promise<void>((resolve, reject) => {
      socket.once(tls === undefined ? 'connect' : 'secureConnect', resolve);
      socket.once('error', reject);
    });
    return new MllpClient(socket);
  }

  /** Sends a message in a frame. */
  send(message: string | Buffer): void {
    this.#socket.write(frame(Buffer.from(message)));
  }

  sendRaw(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Waits for the answer with this number, counted from 1. */
  async answer(number = this.frames.length + 1): Promise<string> {
    await this.#changes.until(
      () => this.frames.length >= number || this.closed,
      10_000,
      () => `${this.frames.length} of ${number} answers came`,
    );
    const found = this.frames[number - 1];
    if (found === undefined) {
      throw new Error('the connection was closed without an answer');
    }
    return found;
  }

  async waitUntilClosed(): Promise<void> {
    await this.#changes.until(
      () => this.closed,
      10_000,
      () => 'still open',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.waitUntilClosed();
  }
}

export interface OruOptions {
  readonly controlId?: string;
  /** Id of the resource (OBR-3, OBX-21) and its value. */
  readonly readings?: readonly (readonly [id: string, value: string])[];
}

/** An ORU^R01 as an EMR takes it. */
export function oru({ controlId = 'M1', readings = [['r1', '120']] }: OruOptions = {}): string {
  return [
    `MSH|^~\\&|DUCTUS|ROCHE|EMR|HOSPITAL|20260105080000+0100||ORU^R01^ORU_R01|${controlId}|T|2.5.1||||||UNICODE UTF-8`,
    'PID|1||SYN-000001^^^TEST^MR||Synthetic-000001^Test',
    ...readings.flatMap(([id, value], index) => [
      `OBR|${index + 1}||${id}|41653-7^Glucose^LN|||20260105080000+0100`,
      `OBX|1|NM|41653-7^Glucose^LN||${value}|mg/dL^mg/dL^UCUM|||||F|||20260105080000+0100|||||||${id}`,
    ]),
  ]
    .map((segment) => `${segment}\r`)
    .join('');
}
