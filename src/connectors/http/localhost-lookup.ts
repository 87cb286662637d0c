/**
 * Name look-up that sends every name under `.localhost` to this machine (RFC 6761 §6.3). The system's resolver
 * often does not, and an access point on a local S3 has such a name (`ap1-123456789012.localhost`).
 */
import dns from 'node:dns';
import type { LookupFunction } from 'node:net';

export const lookupWithLocalhost: LookupFunction = (hostname, options, callback) => {
  dns.lookup(hostname.toLowerCase().endsWith('.localhost') ? 'localhost' : hostname, options, callback);
};
