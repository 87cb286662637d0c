/**
 * Encrypts every payload on its way to Temporal: inputs, results, signals, heartbeats, memos, failure texts.
 * What Temporal does not hand to a codec stays in clear: workflow ids, search attributes, names, headers.
 */
import { temporal } from '@temporalio/proto';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { DuctusError } from '../../domain/errors';
import type { KeyRing } from './key-ring';
import { open, seal } from './seal';

/** The encoding and key metadata that Temporal's own samples use, so that generic tools recognise the payload. */
const ENCODING = 'binary/encrypted';
const KEY_ID_METADATA = 'encryption-key-id';
/**
 * Stands inside what is encrypted: whose payload it is. A codec server is told of payloads only, and the record of who
 * looked at what needs to say at what.
 */
const WORKFLOW_METADATA = 'ductus-workflow-id';

/** Temporal warns from 256 KiB on and refuses at 2 MiB; a payload of Ductus that comes near either is a defect. */
const DEFAULT_MAX_PAYLOAD_BYTES = 256 * 1024;

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

export interface EncryptionCodecOptions {
  /** Bytes of a payload before encryption. */
  readonly maxPayloadBytes?: number;
  /** Told of each payload that no key opens: what waits for it goes on failing, and somebody must hear of it. */
  readonly onUnreadable?: (keyId: string) => void;
}

export class EncryptionCodec implements PayloadCodec {
  readonly #ring: KeyRing;
  readonly #maxPayloadBytes: number;
  readonly #onUnreadable: (keyId: string) => void;

  constructor(ring: KeyRing, options: EncryptionCodecOptions = {}) {
    this.#ring = ring;
    this.#maxPayloadBytes = options.maxPayloadBytes ?? DEFAULT_MAX_PAYLOAD_BYTES;
    this.#onUnreadable = options.onUnreadable ?? (() => undefined);
  }

  /** @throws DuctusError DUCTUS_PAYLOAD_TOO_LARGE, which says which payload of what it is */
  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    return payloads.map((payload, index) => {
      const plain = temporal.api.common.v1.Payload.encode(named(payload, context)).finish();
      if (plain.length > this.#maxPayloadBytes) throw this.#tooLarge(plain.length, index, payloads.length, context);
      const { id, key } = this.#ring.current;
      return {
        metadata: { encoding: utf8.encode(ENCODING), [KEY_ID_METADATA]: utf8.encode(id) },
        data: seal(key, plain, payloadContext(id)),
      };
    });
  }

  /**
   * A payload that is not encrypted passes unchanged: the Temporal Web UI and CLI send signals and updates as plain
   * JSON, and whoever may send those may say what they like in them anyway.
   * @throws DuctusError DUCTUS_CODEC_KEY_MISSING
   */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      if (metadata(payload, 'encoding') !== ENCODING) return payload;
      const id = metadata(payload, KEY_ID_METADATA) ?? '';
      const key = this.#ring.find(id)?.key;
      if (key === undefined) throw this.#unreadable(id, 'is not in the key ring');
      const plain = open(key, payload.data ?? new Uint8Array(), payloadContext(id));
      if (plain === undefined)
        throw this.#unreadable(id, 'does not fit: another key stands under this id, or the payload was changed');
      return temporal.api.common.v1.Payload.decode(plain);
    });
  }

  #unreadable(id: string, what: string): DuctusError {
    // The id comes from outside and is repeated only in the form that ids have.
    const plain = /^[A-Za-z0-9._-]{1,64}$/.test(id) ? id : undefined;
    this.#onUnreadable(plain ?? 'unknown');
    return unreadable(plain, what);
  }

  #tooLarge(bytes: number, index: number, count: number, context: SerializationContext | undefined): DuctusError {
    const which = `Payload ${index + 1} of ${count} of ${ownerOf(context)}`;
    return new DuctusError(
      'DUCTUS_PAYLOAD_TOO_LARGE',
      `${which} has ${bytes} bytes; the limit is ${this.#maxPayloadBytes}.`,
      {
        details: { bytes, limit: this.#maxPayloadBytes, payload: index + 1, owner: ownerOf(context) },
      },
    );
  }
}

function named(payload: Payload, context: SerializationContext | undefined): Payload {
  if (context?.workflowId === undefined) return unnamed(payload);
  return { ...payload, metadata: { ...payload.metadata, [WORKFLOW_METADATA]: utf8.encode(context.workflowId) } };
}

/** Nobody says of a payload whose it is but the call that it is made for. */
function unnamed(payload: Payload): Payload {
  if (payload.metadata?.[WORKFLOW_METADATA] === undefined) return payload;
  const metadata = Object.entries(payload.metadata).filter(([name]) => name !== WORKFLOW_METADATA);
  return { ...payload, metadata: Object.fromEntries(metadata) };
}

/** The workflow that a decoded payload belongs to; undefined when it was made outside of any. */
export function workflowOf(decoded: Payload): string | undefined {
  return metadata(decoded, WORKFLOW_METADATA);
}

/** The id of the key that a payload is encrypted with; undefined when it is not. */
export function keyIdOf(payload: Payload): string | undefined {
  return metadata(payload, 'encoding') === ENCODING ? metadata(payload, KEY_ID_METADATA) : undefined;
}

/** Keeps a payload from being passed off as anything else that the same key encrypts. */
function payloadContext(keyId: string): Uint8Array {
  return utf8.encode(`ductus/payload/1/${keyId}`);
}

function metadata(payload: Payload, name: string): string | undefined {
  const value = payload.metadata?.[name];
  return value == null ? undefined : fromUtf8.decode(value);
}

/** Ids only: Ductus makes them, and they name no person. */
function ownerOf(context: SerializationContext | undefined): string {
  if (context === undefined) return 'an unnamed call';
  if (context.type === 'workflow') return `workflow ${context.workflowId}`;
  const activity = `activity ${context.activityId ?? 'without id'}`;
  return context.workflowId === undefined ? activity : `${activity} of workflow ${context.workflowId}`;
}

/** @param id undefined: not in the form that ids have */
function unreadable(id: string | undefined, what: string): DuctusError {
  const shown = id === undefined ? 'of a payload' : `"${id}"`;
  return new DuctusError('DUCTUS_CODEC_KEY_MISSING', `The encryption key ${shown} ${what}.`, {
    details: id === undefined ? {} : { keyId: id },
  });
}
