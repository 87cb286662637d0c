/** Sends notifications to the organizations' callbacks: first, twice now and then, again when no ACK came (SPECS §1.3). */
import { Agent, request } from 'undici';
import { z } from 'zod';
import { draw } from '../random';
import { isAccepted } from './statistics';
import type { ChangeSignal } from '../condition';
import type { Delivery, Notification, NotificationRegister } from './notifications';
import type { Callback, RocheSettings } from './options';
import type { AttemptStats } from './statistics';

export interface NotifierDependencies {
  readonly seed: number;
  readonly settings: RocheSettings;
  readonly register: NotificationRegister;
  readonly changes: ChangeSignal;
  /** Callback of an organization; undefined: none is set. */
  readonly callback: (emrOid: string) => Callback | undefined;
  /** `MessageReference` of one delivery; a pre-signed URL is new each time. */
  readonly reference: (notification: Notification) => Promise<Record<string, string>>;
}

/** Follows each notification until it is acknowledged or its repeats are spent. */
export class Notifier {
  readonly #dependencies: NotifierDependencies;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #agents = new Map<string, { callback: Callback; agent: Agent }>();

  constructor(dependencies: NotifierDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Begins with a notification.
   * @returns the first POST, once it was answered or failed
   */
  async start(notification: Notification): Promise<AttemptStats> {
    return new Promise((resolve, reject) => {
      const tracked = this.#follow(notification, resolve)
        .catch(reject)
        .finally(() => this.#running.delete(tracked));
      this.#running.add(tracked);
    });
  }

  /** Sends a notification once more, whatever its state: a late duplicate. */
  async repeat(notification: Notification): Promise<AttemptStats> {
    return this.#attempt(notification, 'repeat');
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
    await Promise.all([...this.#agents.values()].map(({ agent }) => agent.destroy()));
  }

  async #follow(notification: Notification, first: (attempt: AttemptStats) => void): Promise<void> {
    const { settings, changes } = this.#dependencies;
    for (let round = 0; round <= settings.renotifications; round += 1) {
      await this.#notify(notification, round, first);
      if (await this.#acknowledgedWithin(notification, settings.renotifyAfterMs)) {
        return;
      }
      if (this.#stopping.signal.aborted) {
        return;
      }
    }
    notification.exhausted = true;
    changes.changed();
  }

  /** One round: the notification, and at the seeded rate a duplicate beside it or right after it. */
  async #notify(notification: Notification, round: number, first: (attempt: AttemptStats) => void): Promise<void> {
    const { seed, settings } = this.#dependencies;
    const about = [notification.messageId, notification.objectKey, round];
    const post = this.#post(notification, round === 0 ? 'first' : 'renotification', first);
    if (draw(seed, 'duplicate', ...about) >= settings.duplicateRate) {
      await post;
      return;
    }
    if (draw(seed, 'duplicate beside', ...about) < 0.5) {
      await Promise.all([post, this.#post(notification, 'duplicate', () => undefined)]);
    } else {
      await post;
      await this.#post(notification, 'duplicate', () => undefined);
    }
  }

  /** One POST and, if so set, its retries. */
  async #post(
    notification: Notification,
    kind: AttemptStats['kind'],
    first: (attempt: AttemptStats) => void,
  ): Promise<void> {
    const { settings } = this.#dependencies;
    let attempt = await this.#attempt(notification, kind);
    first(attempt);
    while (settings.retryUnanswered && isWorthRetry(attempt) && notification.acks.length === 0) {
      if (await this.#acknowledgedWithin(notification, settings.retryUnansweredAfterMs)) {
        return;
      }
      if (this.#stopping.signal.aborted) {
        return;
      }
      attempt = await this.#attempt(notification, 'retry');
    }
  }

  /** One POST with its own receipt handle and operation id. */
  async #attempt(notification: Notification, kind: AttemptStats['kind']): Promise<AttemptStats> {
    const { register, changes, callback, settings } = this.#dependencies;
    const target = callback(notification.emrOid);
    if (target === undefined) {
      throw new Error(`organization ${notification.emrOid} has no callback`);
    }
    const { delivery, attempt } = register.begin(notification, kind);
    changes.changed();
    try {
      const body = JSON.stringify(await this.#body(delivery));
      const timeout = AbortSignal.any([AbortSignal.timeout(settings.notifyTimeoutMs), this.#stopping.signal]);
      const answer = await request(target.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-operation-id': delivery.operationId,
          ...authorization(target),
        },
        body,
        dispatcher: this.#agent(notification.emrOid, target),
        signal: timeout,
      });
      await answer.body.dump();
      attempt.status = answer.statusCode;
    } catch (error) {
      attempt.error = nameOf(error);
    }
    attempt.answeredAtMs = Date.now();
    changes.changed();
    return attempt;
  }

  async #body({ notification, receiptHandle }: Delivery): Promise<Record<string, unknown>> {
    return {
      EmrOid: notification.emrOid,
      MessageId: notification.messageId,
      MessageType: notification.messageType,
      MessageCreatedAt: String(notification.createdAtMs),
      MessageReference: await this.#dependencies.reference(notification),
      MessageReceiptHandle: receiptHandle,
    };
  }

  #agent(emrOid: string, callback: Callback): Agent {
    const known = this.#agents.get(emrOid);
    if (known?.callback === callback) {
      return known.agent;
    }
    const { ca, cert, key } = callback;
    const connect = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
    const agent = new Agent({ connect, allowH2: false });
    this.#agents.set(emrOid, { callback, agent });
    return agent;
  }

  /** Waits for an ACK; a stop ends the wait too. */
  async #acknowledgedWithin(notification: Notification, timeoutMs: number): Promise<boolean> {
    const stopping = this.#stopping.signal;
    const wake = (): void => {
      notification.acknowledged.changed();
    };
    stopping.addEventListener('abort', wake);
    try {
      await notification.acknowledged.until(
        () => notification.acks.length > 0 || stopping.aborted,
        timeoutMs,
        () => 'no ACK',
      );
    } catch {
      return false;
    } finally {
      stopping.removeEventListener('abort', wake);
    }
    return notification.acks.length > 0;
  }
}

function isWorthRetry(attempt: AttemptStats): boolean {
  return !isAccepted(attempt) && (attempt.status === undefined || attempt.status >= 500);
}

function authorization({ username, password }: Callback): Record<string, string> {
  if (username === undefined) {
    return {};
  }
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

const CodedError = z.object({ code: z.string() });

function nameOf(error: unknown): string {
  const coded = CodedError.safeParse(error);
  if (coded.success) {
    return coded.data.code;
  }
  return error instanceof Error ? error.name : 'Error';
}
