/**
 * The notifications that Roche keeps, and their receipt handles. Like a queue's, a handle belongs to one delivery
 * attempt: a newer attempt puts the older handles out of use (SPECS §1.3, assumed).
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { ChangeSignal } from '../condition';
import type { RocheOrganization, RocheSettings } from './options';
import type { AttemptStats, NotificationStats } from './statistics';

/** A notification while it lives. */
export interface Notification extends NotificationStats {
  readonly organization: RocheOrganization;
  readonly messageType: 'Clinical Data' | 'Clinical Report';
  readonly createdAtMs: number;
  /** Told when an ACK comes. */
  readonly acknowledged: ChangeSignal;
}

/** What goes with one POST. */
export interface Delivery {
  readonly notification: Notification;
  readonly attempt: number;
  readonly receiptHandle: string;
  readonly operationId: string;
  readonly issuedAtMs: number;
}

export type AckVerdict = 'acknowledged' | 'not-a-receipt-handle' | 'foreign-operation-id';

type HandleSettings = Pick<RocheSettings, 'receiptHandleLifetimeMs' | 'acceptOlderReceiptHandles'>;

/** Issues receipt handles and takes ACKs. */
export class NotificationRegister {
  readonly #settings: HandleSettings;
  readonly #notifications: Notification[] = [];
  readonly #deliveries = new Map<string, Delivery>();
  readonly #newest = new Map<Notification, Delivery>();

  constructor(settings: HandleSettings) {
    this.#settings = settings;
  }

  add(
    shared: Pick<Notification, 'messageId' | 'organization' | 'objectKey' | 'option' | 'bytes' | 'messageType'>,
  ): Notification {
    const notification: Notification = {
      ...shared,
      emrOid: shared.organization.emrOid,
      createdAtMs: Date.now(),
      attempts: [],
      acks: [],
      refusedAcks: 0,
      exhausted: false,
      faults: [],
      acknowledged: new ChangeSignal(),
    };
    this.#notifications.push(notification);
    return notification;
  }

  get all(): readonly Notification[] {
    return this.#notifications;
  }

  /** The newest notification with this id. */
  find(messageId: string): Notification | undefined {
    return this.#notifications.findLast((one) => one.messageId === messageId);
  }

  byObject(objectKey: string): Notification | undefined {
    return this.#notifications.findLast((one) => one.objectKey === objectKey);
  }

  /** Begins a delivery attempt: a new receipt handle and operation id. */
  begin(notification: Notification, kind: AttemptStats['kind']): { delivery: Delivery; attempt: AttemptStats } {
    const now = Date.now();
    const attempt: AttemptStats = { kind, sentAtMs: now };
    notification.attempts.push(attempt);
    notification.firstNotifiedAtMs ??= now;
    const delivery = {
      notification,
      attempt: notification.attempts.length,
      receiptHandle: randomBytes(240).toString('base64'),
      operationId: randomUUID(),
      issuedAtMs: now,
    };
    this.#deliveries.set(delivery.receiptHandle, delivery);
    this.#newest.set(notification, delivery);
    return { delivery, attempt };
  }

  /** Whose notification a receipt handle belongs to. */
  owner(receiptHandle: string): Notification | undefined {
    return this.#deliveries.get(receiptHandle)?.notification;
  }

  /** Takes an ACK. A second one for the same handle is fine, as with a queue. */
  acknowledge(
    emrOid: string,
    receiptHandle: string,
    operationId: string | undefined,
    originRequestId: string,
  ): AckVerdict {
    const delivery = this.#deliveries.get(receiptHandle);
    if (delivery?.notification.emrOid !== emrOid) {
      return 'not-a-receipt-handle';
    }
    const notification = delivery.notification;
    const lifetime = this.#settings.receiptHandleLifetimeMs;
    const expired = lifetime !== undefined && Date.now() - delivery.issuedAtMs > lifetime;
    const older = !this.#settings.acceptOlderReceiptHandles && this.#newest.get(notification) !== delivery;
    if (expired || older) {
      notification.refusedAcks += 1;
      return 'not-a-receipt-handle';
    }
    if (operationId !== delivery.operationId) {
      notification.refusedAcks += 1;
      return 'foreign-operation-id';
    }
    notification.acks.push({ atMs: Date.now(), attempt: delivery.attempt, originRequestId });
    notification.acknowledged.changed();
    return 'acknowledged';
  }
}
