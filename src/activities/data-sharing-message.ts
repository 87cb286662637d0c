/**
 * Sends one message and writes down what became of it. What may have arrived is never sent under another MSH-10, and
 * never while an earlier attempt can still be answered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { DeliverInput } from '../domain/data-sharing';
import { DuctusError } from '../domain/errors';
import { encodeHl7 } from '../transforms/fhir-to-hl7';
import {
  auditLostAttempt,
  markAccepted,
  markNotAccepted,
  markSending,
  pendingMessages,
  type PendingMessage,
  type SendAttempt,
} from '../store/messages';
import { MessagesBlobSchema, type StoredMessage } from './data-sharing-transform';
import { destinationConfig, type ActivityDependencies } from './dependencies';
import { isStoreUnavailable } from './failures';

/** How long an answer of the EMR waits to be written down. A restart of PostgreSQL takes seconds, a failover a minute. */
const STORE_PATIENCE_MS = 60_000;
const STORE_RETRY_MS = 500;
/** Over the limit of the acknowledgment: time for an attempt elsewhere to write its end down. */
const SETTLE_MS = 2_000;
const LOOK_AGAIN_MS = 250;

export class MessageSender {
  readonly #texts = new Map<string, readonly StoredMessage[]>();

  constructor(
    private readonly deps: ActivityDependencies,
    private readonly input: DeliverInput,
  ) {}

  /**
   * What is to be sent, in order. Waits where an attempt elsewhere may still be answered: the server took a worker for
   * dead that was only cut off, say. After a crash that wait is mostly over when the heartbeat has been missed.
   */
  async pending(): Promise<readonly PendingMessage[]> {
    const { store, config } = this.deps;
    const { destination } = this.input;
    const longest = destinationConfig(config, destination).acknowledgmentTimeoutMs + SETTLE_MS;
    const { cancellationSignal } = Context.current();
    for (;;) {
      const messages = await pendingMessages(store, this.input, destination);
      const left = Math.max(
        0,
        ...messages.map(({ underWayMs }) => (underWayMs === undefined ? 0 : longest - underWayMs)),
      );
      if (left === 0 || cancellationSignal.aborted) return messages;
      await sleep(Math.min(left, LOOK_AGAIN_MS));
    }
  }

  /** @throws DuctusError of the EMR's answer, of the way to it, or of the store */
  async send(message: PendingMessage): Promise<void> {
    const { store, config, metrics, emr } = this.deps;
    const { destination } = this.input;
    const options = destinationConfig(config, destination);
    const mayHaveArrived = message.state === 'sending';
    if (mayHaveArrived) await auditLostAttempt(store, this.input, destination, message);
    if (mayHaveArrived && options.onAmbiguous === 'park' && !this.input.resendAmbiguous) {
      throw new DuctusError(
        'DUCTUS_EMR_AMBIGUOUS',
        `The outcome of message ${message.controlId} to ${destination} is not known.`,
        {
          details: { controlId: message.controlId, destination },
        },
      );
    }
    const { form, text } = await this.stored(message);
    const bytes = form === 'hl7' ? encodeHl7(text, options.hl7.characterSet) : Buffer.from(text, 'utf8');
    const { cancellationSignal } = Context.current();
    const giveUpWaiting = new AbortController();
    const cancelled = (): void => giveUpWaiting.abort();
    cancellationSignal.addEventListener('abort', cancelled);
    let attempt: SendAttempt | undefined;
    // Written down when a connection is held and before the first byte leaves: waiting for a connection is not sending.
    const beforeSend = async (): Promise<void> => {
      // A message that is under way is waited for, also at a shutdown: to break it off would make it ambiguous.
      cancellationSignal.removeEventListener('abort', cancelled);
      attempt = await markSending(store, this.input, destination, message, mayHaveArrived);
      if (attempt === undefined) {
        throw new DuctusError(
          'DUCTUS_STORE_UNAVAILABLE',
          `Another attempt has taken over message ${message.controlId}.`,
        );
      }
      if (mayHaveArrived) metrics.possibleRepeat(destination);
    };
    try {
      const { controlId } = message;
      await emr(destination).send(
        { controlId, form, bytes },
        { signal: giveUpWaiting.signal, beforeSend, resent: mayHaveArrived },
      );
    } catch (error) {
      if (error instanceof DuctusError) {
        metrics.message(destination, error.code);
        if (attempt !== undefined) await this.settle(attempt, error, mayHaveArrived);
      }
      throw error;
    } finally {
      cancellationSignal.removeEventListener('abort', cancelled);
    }
    await this.writeDown(() => markAccepted(store, this.input, destination, message.sequence));
    metrics.message(destination, 'accepted');
  }

  /** Writes down how an attempt that was not accepted ended. */
  private async settle(attempt: SendAttempt, error: DuctusError, mayHaveArrived: boolean): Promise<void> {
    const { code } = error;
    const state = stateAfter(error, mayHaveArrived);
    await this.writeDown(() =>
      markNotAccepted(this.deps.store, this.input, this.input.destination, attempt, state, code),
    );
  }

  /** What the EMR has answered is known here only: a store that is away is waited for, or the message would go again. */
  private async writeDown(write: () => Promise<void>): Promise<void> {
    const end = Date.now() + STORE_PATIENCE_MS;
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!isStoreUnavailable(error) || Date.now() > end) throw error;
        await sleep(STORE_RETRY_MS);
      }
    }
  }

  private async stored(message: PendingMessage): Promise<StoredMessage> {
    let texts = this.#texts.get(message.blob.key);
    if (texts === undefined) {
      const bytes = await this.deps.blobs.get(message.blob);
      texts = MessagesBlobSchema.parse(JSON.parse(bytes.toString('utf8')));
      this.#texts.set(message.blob.key, texts);
    }
    const text = texts[message.blobIndex];
    if (text === undefined)
      throw new DuctusError('DUCTUS_BLOB_CORRUPT', `Message ${message.controlId} is not in its blob.`);
    return text;
  }
}

/**
 * What a message is after an attempt that was not accepted.
 * @param mayHaveArrived an attempt before this one has an unknown outcome: that the EMR is busy now says nothing of it
 */
function stateAfter({ code }: DuctusError, mayHaveArrived: boolean): 'prepared' | 'rejected' | 'sending' {
  switch (code) {
    case 'DUCTUS_EMR_REJECTED':
      return 'rejected';
    case 'DUCTUS_EMR_BUSY':
    case 'DUCTUS_EMR_MISCONFIGURED':
    case 'DUCTUS_EMR_UNREACHABLE':
      return mayHaveArrived ? 'sending' : 'prepared';
    default:
      return 'sending';
  }
}
