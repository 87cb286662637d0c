/** UUIDs made of a name (RFC 9562 §5.5, version 5), so that the same resource has the same one in every message. */
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';

/** Namespace of Ductus: a random UUID, fixed for ever. */
const NAMESPACE = Buffer.from('6f2f9c1e0b7d4a53913c5e8d27a4f60b', 'hex');

/** @param name what the UUID stands for, without the organization: the same resource is the same everywhere */
export function nameUuid(name: string): string {
  const digest = hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(name, 'utf8')]), 'hex');
  // The version, 5, and the variant: two bits, 10.
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 0x3) | 0x8).toString(16);
  const hex = `${digest.slice(0, 12)}5${digest.slice(13, 16)}${variant}${digest.slice(17, 32)}`;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
