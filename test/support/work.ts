/** Keys and ids for tests, made through the schemas that brand them. */
import type { WorkKey } from '../../src/domain/data-sharing';
import {
  DestinationIdSchema,
  KeyedHashSchema,
  MessageControlIdSchema,
  NotificationIdSchema,
  OrganizationIdSchema,
  type DestinationId,
  type KeyedHash,
  type MessageControlId,
} from '../../src/domain/identifiers';

export function workKey(notificationId: string, organization = 'st-marien'): WorkKey {
  return {
    organization: OrganizationIdSchema.parse(organization),
    notificationId: NotificationIdSchema.parse(notificationId),
    variant: '',
  };
}

export function destinationId(id: string): DestinationId {
  return DestinationIdSchema.parse(id);
}

export function controlId(id: string): MessageControlId {
  return MessageControlIdSchema.parse(id);
}

/** A value in the form of a keyed hash, from a short name. */
export function hashOf(name: string): KeyedHash {
  return KeyedHashSchema.parse(name.padEnd(22, '_'));
}
