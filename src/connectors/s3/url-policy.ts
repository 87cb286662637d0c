/** Which pre-signed URLs Ductus may call. The URL comes from outside, so without this it could point into the hospital. */
import { createHash } from 'node:crypto';
import { DuctusError } from '../../domain/errors';
import type { SafeDetails } from '../../domain/errors';

/**
 * @param text the URL, or the Location of a redirect
 * @param allowedHosts host names; `*.` stands for any sub-domain; with `:port` for that port only
 * @param base what a relative Location is relative to
 * @throws DuctusError DUCTUS_URL_REFUSED
 */
export function parseAllowedUrl(text: string, allowedHosts: readonly string[], base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (url === null) throw refused('it is not a URL', {});
  if (url.protocol !== 'https:') throw refused('it is not https', { scheme: url.protocol });
  if (url.username !== '' || url.password !== '') throw refused('it carries a user name', traceOf(url));
  if (!allowedHosts.some((allowed) => matches(url, allowed.toLowerCase()))) {
    throw refused(`its host ${url.host} is not in retrieval.allowedHosts`, traceOf(url));
  }
  return url;
}

/** In `allowedHosts`, stands for the hosts of Amazon S3: other services of AWS are reachable below amazonaws.com as well. */
export const AMAZON_S3 = 'amazon-s3';

/** Virtual-hosted, path-style and access-point forms (docs.aws.amazon.com/AmazonS3, "Methods for accessing a bucket"). */
const S3_HOST =
  /^(?:[a-z0-9][a-z0-9.-]*\.)?(?:s3|s3-accesspoint)(?:\.dualstack)?(?:[.-][a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com(?:\.cn)?$/;

function matches(url: URL, allowed: string): boolean {
  if (allowed === AMAZON_S3) return url.port === '' && S3_HOST.test(url.hostname);
  const colon = allowed.lastIndexOf(':');
  const hasPort = colon > 0 && /^\d+$/.test(allowed.slice(colon + 1)) && !allowed.endsWith(']');
  const host = hasPort ? allowed.slice(0, colon) : allowed;
  if (hasPort && allowed.slice(colon + 1) !== (url.port || '443')) return false;
  return host.startsWith('*.')
    ? url.hostname.endsWith(host.slice(1)) && url.hostname.length > host.length - 1
    : url.hostname === host;
}

/**
 * What may be stored and shown of a pre-signed URL: its query is a credential, and its path may name a person.
 */
export function traceOf(url: URL): SafeDetails {
  return { host: url.host, pathHash: createHash('sha256').update(url.pathname).digest('hex').slice(0, 12) };
}

function refused(why: string, details: SafeDetails): DuctusError {
  return new DuctusError('DUCTUS_URL_REFUSED', `Ductus does not call this pre-signed URL: ${why}.`, { details });
}
