/** The place of a file as a notification names it: an access-point ARN, or a bucket (SPECS §1.3, §1.4). */
import { DuctusError } from '../../domain/errors';

export interface SourceAddress {
  /** What the SDK gets as `Bucket`. */
  readonly bucket: string;
  readonly isArn: boolean;
  /** Region in the ARN; undefined for a bucket name. */
  readonly region: string | undefined;
}

/**
 * `arn:aws:s3:<region>:<account>:accesspoint/<name>`. The region and the name become part of a host name, so
 * nothing but labels is let through.
 */
const ACCESS_POINT = /^arn:aws(?:-[a-z]+)*:s3:([a-z0-9-]{1,40}):\d{12}:accesspoint[/:][a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/;
const BUCKET_ARN = /^arn:aws(?:-[a-z]+)*:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/**
 * @param accessPoint `accesspoint` of the notification
 * @param allowed access points and buckets that may be named; undefined: any
 * @throws DuctusError DUCTUS_S3_ACCESS_DENIED for an address that is malformed or not allowed
 */
export function parseSourceAddress(accessPoint: string, allowed: readonly string[] | undefined): SourceAddress {
  const address = parse(accessPoint);
  if (address === undefined) {
    throw new DuctusError(
      'DUCTUS_S3_ACCESS_DENIED',
      'The notification names a place that is neither the ARN of an S3 access point nor a bucket. Ask Roche, or discard.',
      { details: { reason: 'malformed-access-point' } },
    );
  }
  if (allowed !== undefined && !allowed.includes(accessPoint) && !allowed.includes(address.bucket)) {
    throw new DuctusError(
      'DUCTUS_S3_ACCESS_DENIED',
      `The notification names ${accessPoint}, which is not in retrieval.allowedBuckets. Add it if it is right, then retry.`,
      { details: { accessPoint, reason: 'not-allowed' } },
    );
  }
  return address;
}

function parse(accessPoint: string): SourceAddress | undefined {
  const region = ACCESS_POINT.exec(accessPoint)?.[1];
  if (region !== undefined) return { bucket: accessPoint, isArn: true, region };
  const bucket = BUCKET_ARN.exec(accessPoint)?.[1] ?? (BUCKET.test(accessPoint) ? accessPoint : undefined);
  return bucket === undefined ? undefined : { bucket, isArn: false, region: undefined };
}
