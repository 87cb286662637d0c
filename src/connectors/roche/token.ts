/** Roche's temporary token as its service answers it (SPECS §1.4, RDC/TemporaryTokenService). */
import { z } from 'zod';
import { Secret } from '../../runtime/config/secret';

/** Session credentials for S3, and what they are good for. */
export interface RocheToken {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret;
  readonly expiration: Date;
  /** ARNs of access points (`awsResources`). */
  readonly resources: readonly string[];
}

const secret = z
  .string()
  .min(1)
  .transform((value) => new Secret(value));

export const RocheTokenSchema = z
  .object({
    awsCredentials: z.object({
      AccessKeyId: z.string().min(1),
      SecretAccessKey: secret,
      SessionToken: secret,
      Expiration: z.iso.datetime({ offset: true }).transform((value) => new Date(value)),
    }),
    awsResources: z.array(z.string()).default([]),
  })
  .transform(({ awsCredentials, awsResources }): RocheToken => ({
    accessKeyId: awsCredentials.AccessKeyId,
    secretAccessKey: awsCredentials.SecretAccessKey,
    sessionToken: awsCredentials.SessionToken,
    expiration: awsCredentials.Expiration,
    resources: awsResources,
  }));
