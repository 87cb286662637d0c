/** What all requests to Roche have in common: base address, headers, and what a network error means (SPECS §1.1). */
import { DuctusError } from '../../domain/errors';
import type { SafeDetails } from '../../domain/errors';
import type { EmrOid } from '../../domain/identifiers';
import type { OrganizationConfig } from '../../runtime/config/schema';
import { isClientCertificateRefused, networkReason } from '../http/network-reason';
import { BodyTooLargeError } from '../http/read-body';

/** Ends with a slash, so that paths are relative to all of it. */
export function baseOf(url: string): URL {
  return new URL(url.endsWith('/') ? url : `${url}/`);
}

/** Headers of every request but `x-origin-request-id`. */
export function rocheHeaders(emrOid: EmrOid, config: OrganizationConfig['roche']): Readonly<Record<string, string>> {
  return {
    org_id: emrOid,
    client_id: config.clientId,
    client_secret: config.clientSecret.reveal(),
    'content-type': 'application/json',
    accept: 'application/json',
    'user-agent': 'ductus',
  };
}

/**
 * @param error what the request threw
 * @param host of Roche; stands in the message, the path does not
 * @returns undefined for what did not come from the network
 */
export function networkError(error: unknown, host: string, details: SafeDetails): DuctusError | undefined {
  const reason = error instanceof BodyTooLargeError ? 'answer-too-large' : networkReason(error);
  if (reason === undefined) return undefined;
  const all = { ...details, host, reason };
  return isClientCertificateRefused(reason)
    ? new DuctusError('DUCTUS_ROCHE_UNAUTHORIZED', `Roche's server refused the client certificate (${reason}).`, {
        details: all,
      })
    : new DuctusError('DUCTUS_ROCHE_UNREACHABLE', `No answer from Roche at ${host} (${reason}).`, { details: all });
}
