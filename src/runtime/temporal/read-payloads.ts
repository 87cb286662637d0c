/** Payloads of a history in clear, for who holds the key ring; without the key of one, it is counted and left out. */
import type { Payload, PayloadCodec } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';

type ProtoPayload = temporal.api.common.v1.IPayload;
type ProtoFailure = temporal.api.failure.v1.IFailure;

const fromUtf8 = new TextDecoder();

/** An error as a history keeps it. */
export interface ReadFailure {
  readonly code: string;
  readonly message: string;
}

export class PayloadReader {
  readonly #codec: PayloadCodec;
  #unreadable = 0;

  constructor(codec: PayloadCodec) {
    this.#codec = codec;
  }

  /** Payloads that no key of the ring opens. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** @returns the first payload as JSON, undefined when there is none or no key */
  async first(payloads: readonly ProtoPayload[] | null | undefined): Promise<unknown> {
    const [payload] = payloads ?? [];
    return payload === undefined ? undefined : this.#read(payload);
  }

  /** The innermost failure: the one of Ductus' own code. */
  async failure(failure: ProtoFailure | null | undefined): Promise<ReadFailure> {
    let inner = failure;
    while (inner?.cause != null) inner = inner.cause;
    const attributes = inner?.encodedAttributes == null ? undefined : await this.#read(inner.encodedAttributes);
    const text = field(attributes, 'message') ?? (inner?.encodedAttributes == null ? inner?.message : undefined);
    const code =
      inner?.applicationFailureInfo?.type ??
      (inner?.timeoutFailureInfo != null ? 'timeout' : inner?.canceledFailureInfo != null ? 'cancelled' : 'failure');
    return { code, message: text ?? '' };
  }

  async #read(payload: ProtoPayload): Promise<unknown> {
    try {
      const [plain] = await this.#codec.decode([toPayload(payload)]);
      return plain?.data == null || plain.data.length === 0 ? undefined : JSON.parse(fromUtf8.decode(plain.data));
    } catch {
      this.#unreadable += 1;
      return undefined;
    }
  }
}

/** The text of a field of something that was read. */
export function field(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'string' ? found : typeof found === 'number' ? String(found) : undefined;
}

function toPayload({ metadata, data }: ProtoPayload): Payload {
  return { ...(metadata == null ? {} : { metadata }), ...(data == null ? {} : { data }) };
}
