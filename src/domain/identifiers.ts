/**
 * Branded identifiers: strings that must not be swapped have types that cannot be.
 * A value gets its brand by parsing, so nothing unchecked carries one.
 */
import { z } from 'zod';

/** Key of an organization in the configuration: a slug, safe in workflow ids and file names. */
export const OrganizationIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use lower-case letters, digits and hyphens (at most 63)')
  .brand<'OrganizationId'>();
export type OrganizationId = z.infer<typeof OrganizationIdSchema>;

/** Key of a destination in the configuration: a slug. */
export const DestinationIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use lower-case letters, digits and hyphens (at most 63)')
  .brand<'DestinationId'>();
export type DestinationId = z.infer<typeof DestinationIdSchema>;

/** Roche's OID of an organization (`EmrOid` of a notification, `org_id` header). SPECS §1.1, §1.3. */
export const EmrOidSchema = z
  .string()
  .max(128)
  .regex(/^[0-9]+(\.[0-9]+)*$/, 'an OID has digits and dots only')
  .brand<'EmrOid'>();
export type EmrOid = z.infer<typeof EmrOidSchema>;

/** Roche's `MessageId`: a UUID by the guide; anything short that is safe in a workflow id is taken. SPECS §1.3. */
export const NotificationIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'use letters, digits, dot, hyphen, underscore (at most 128)')
  .brand<'NotificationId'>();
export type NotificationId = z.infer<typeof NotificationIdSchema>;

/** HL7 MSH-10, at most 20 characters (HL7 v2.5.1 chapter 2, MSH-10 is ST with length 20). */
export const MessageControlIdSchema = z
  .string()
  .regex(/^[A-Z0-9]{1,20}$/)
  .brand<'MessageControlId'>();
export type MessageControlId = z.infer<typeof MessageControlIdSchema>;

/** Keyed hash (HMAC-SHA-256, 128 bits, base64url) of an identifier that points at a person or a person's data. */
export const KeyedHashSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{22}$/)
  .brand<'KeyedHash'>();
export type KeyedHash = z.infer<typeof KeyedHashSchema>;
