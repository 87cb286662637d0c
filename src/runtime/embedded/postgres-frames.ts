/**
 * PostgreSQL's wire protocol, as far as the gate needs it: where a client's message ends, and when the
 * server says that it is ready. https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** Length field and code of the messages that come before the first typed one. */
const STARTUP = 196_608;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;

export type Frame =
  | { readonly kind: 'encryption-request' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'startup'; readonly bytes: Buffer }
  | { readonly kind: 'message'; readonly type: string; readonly bytes: Buffer };

/** Cuts a client's byte stream into messages. */
export class FrontendFrames {
  #buffer: Buffer = Buffer.alloc(0);
  #started = false;

  /** @returns the messages that are complete now */
  push(chunk: Buffer): Frame[] {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const frame = this.#started ? this.#message() : this.#opening();
      if (frame === undefined) {
        return frames;
      }
      frames.push(frame);
    }
  }

  #opening(): Frame | undefined {
    if (this.#buffer.length < 8) {
      return undefined;
    }
    const length = this.#buffer.readInt32BE(0);
    const code = this.#buffer.readInt32BE(4);
    if (length < 8 || length > 16_384) {
      throw new Error('this is not the PostgreSQL protocol');
    }
    if (this.#buffer.length < length) {
      return undefined;
    }
    const bytes = this.#take(length);
    switch (code) {
      case SSL_REQUEST:
      case GSS_REQUEST:
        return { kind: 'encryption-request' };
      case CANCEL_REQUEST:
        return { kind: 'cancel' };
      case STARTUP:
        this.#started = true;
        return { kind: 'startup', bytes };
      default:
        throw new Error('only version 3.0 of the PostgreSQL protocol is spoken here');
    }
  }

  #message(): Frame | undefined {
    if (this.#buffer.length < 5) {
      return undefined;
    }
    const length = 1 + this.#buffer.readInt32BE(1);
    if (length < 5) {
      throw new Error('a message has an impossible length');
    }
    if (this.#buffer.length < length) {
      return undefined;
    }
    const bytes = this.#take(length);
    return { kind: 'message', type: String.fromCharCode(bytes[0] ?? 0), bytes };
  }

  #take(length: number): Buffer {
    const bytes = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return bytes;
  }
}

/** `I` idle, `T` in a transaction, `E` in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** Watches the server's byte stream for ReadyForQuery, wherever the stream is cut. */
export class ReadyWatch {
  #header: number[] = [];
  #skip = 0;
  #readyBody = false;
  #status: TransactionStatus | undefined;

  /** The status of the last ReadyForQuery since `reset`. */
  get status(): TransactionStatus | undefined {
    return this.#status;
  }

  reset(): void {
    this.#status = undefined;
  }

  push(data: Uint8Array): void {
    let at = 0;
    while (at < data.length) {
      if (this.#skip > 0) {
        if (this.#readyBody) {
          this.#status = asStatus(data[at]);
          this.#readyBody = false;
        }
        const step = Math.min(this.#skip, data.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      this.#header.push(data[at] ?? 0);
      at += 1;
      if (this.#header.length === 5) {
        const [type, ...length] = this.#header;
        this.#skip = Buffer.from(length).readInt32BE(0) - 4;
        this.#readyBody = type === 0x5a; // 'Z'
        this.#header = [];
      }
    }
  }
}

function asStatus(byte: number | undefined): TransactionStatus {
  switch (byte) {
    case 0x49:
      return 'I';
    case 0x54:
      return 'T';
    default:
      return 'E';
  }
}

/** A message that ends a connection (ErrorResponse, severity FATAL). */
export function fatalError(sqlState: string, message: string): Buffer {
  const fields = [`SFATAL`, `VFATAL`, `C${sqlState}`, `M${message}`].map((field) => Buffer.from(`${field}\0`));
  const body = Buffer.concat([...fields, Buffer.from([0])]);
  const head = Buffer.alloc(5);
  head.write('E', 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Sync: the server leaves the extended protocol and says ReadyForQuery. */
export const SYNC = Buffer.from([0x53, 0, 0, 0, 4]);
