/**
 * A HIS on the other end of an MLLP connection: writes bytes as the test says, and collects the answers. It frames by
 * itself, so that a mistake in the product's framing is not made twice.
 */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { until } from './until';

export class HisClient implements AsyncDisposable {
  /** Answers, without their frames. */
  readonly answers: string[] = [];
  /** True once the other side has closed, or the connection broke. */
  closed = false;
  /** True once the other side has closed its half. */
  ended = false;
  error: string | undefined;
  #pending = '';

  private constructor(readonly socket: net.Socket) {
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => (this.error = 'code' in error ? String(error.code) : error.message));
    socket.on('end', () => (this.ended = true));
    socket.on('close', () => (this.closed = true));
  }

  static async connect(port: number, options?: tls.ConnectionOptions, host = '127.0.0.1'): Promise<HisClient> {
    const open = { host, port, allowHalfOpen: true };
    const socket = options === undefined ? net.connect(open) : tls.connect({ ...open, ...options });
    const client = new HisClient(socket);
    await once(socket, options === undefined ? 'connect' : 'secureConnect');
    return client;
  }

  /** Writes a message in its frame. */
  send(message: string | Buffer): void {
    const bytes = typeof message === 'string' ? Buffer.from(message, 'utf8') : message;
    this.socket.write(Buffer.concat([Buffer.from([0x0b]), bytes, Buffer.from([0x1c, 0x0d])]));
  }

  /** Writes a message and waits for its answer. */
  async ask(message: string | Buffer): Promise<string> {
    const before = this.answers.length;
    this.send(message);
    return until(() => this.answers[before], 15_000, 'an answer');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return;
    this.socket.destroy();
    await once(this.socket, 'close');
  }

  #read(chunk: Buffer): void {
    this.#pending += chunk.toString('latin1');
    for (let end = this.#pending.indexOf('\x1c\r'); end >= 0; end = this.#pending.indexOf('\x1c\r')) {
      this.answers.push(
        Buffer.from(this.#pending.slice(this.#pending.indexOf('\x0b') + 1, end), 'latin1').toString('utf8'),
      );
      this.#pending = this.#pending.slice(end + 2);
    }
  }
}

/** A field of a segment of an answer, as it came; MSH counts its separator. */
export function fieldOf(answer: string, segment: string, field: number): string {
  const line = answer.split('\r').find((each) => each.startsWith(segment)) ?? '';
  return line.split('|')[segment === 'MSH' ? field - 1 : field] ?? '';
}

/** `AA 4711`, with the code and place of an error: `AE 4711 101 PID^1^5`. */
export function summaryOf(answer: string): string {
  const code = fieldOf(answer, 'ERR', 3).split('^')[0] ?? '';
  return [fieldOf(answer, 'MSA', 1), fieldOf(answer, 'MSA', 2), code, fieldOf(answer, 'ERR', 2)].join(' ').trim();
}

export interface AdtOptions {
  readonly event?: string;
  readonly number?: string;
  readonly family?: string;
  /** MSH-15 and MSH-16. */
  readonly wanted?: readonly [string, string];
  readonly characterSet?: string;
  readonly version?: string;
  readonly at?: string;
  readonly more?: string;
}

/** An ADT message. */
export function adt(controlId: string, options: AdtOptions = {}): string {
  const { event = 'A08', number = '4711', family = 'Muster', wanted = ['', ''], version = '2.5.1' } = options;
  const { characterSet = 'UNICODE UTF-8', at = '20260301120000+0100', more = '' } = options;
  const structure =
    event === 'A40' ? 'ADT_A39' : event === 'A28' || event === 'A31' || event === 'A05' ? 'ADT_A05' : 'ADT_A01';
  return (
    [
      `MSH|^~\\&|HIS|ST-MARIEN|DUCTUS|ROCHE|${at}||ADT^${event}^${structure}|${controlId}|P|${version}|||${wanted.join('|')}||${characterSet}`,
      `EVN|${event}|${at}`,
      `PID|1||${number}^^^ST-MARIEN^MR||${family}^Anna^^^^^L||19610713|F`,
      ...(event === 'A40'
        ? [`MRG|${number}-OLD^^^ST-MARIEN^MR`]
        : ['PV1|1|O', 'DG1|1||E10.9^Type 1 diabetes^I10||20260301|F']),
      ...(more === '' ? [] : [more]),
    ].join('\r') + '\r'
  );
}
