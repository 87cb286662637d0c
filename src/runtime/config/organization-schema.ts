/**
 * The part of the configuration about one organization: how Roche and its HIS reach it, where its files come from, whose
 * number a patient has, and where the data go. Built by schema.ts.
 */
import { z } from 'zod';
import { DestinationIdSchema, EmrOidSchema } from '../../domain/identifiers';
import { LIMITS } from '../../domain/limits';
import { createPatientSyncSchema } from './patient-sync-schema';
import type { SecretRef } from './schema';
import type { Secret } from './secret';

const milliseconds = z.number().int().positive();

/**
 * Builds the schema of one organization.
 * @param secret schema of a secret reference; @param clientTls schema of a client's TLS settings
 */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the type is what zod infers
export function createOrganizationSchema<T extends z.ZodType>(secret: z.ZodType<Secret, SecretRef>, clientTls: T) {
  return z.strictObject({
    emrOid: EmrOidSchema.describe('OID by which Roche names the organization'),
    timeZone: z
      .string()
      .refine(isTimeZone, 'is not an IANA time zone')
      .describe('zone of device times that come without an offset'),
    notification: z
      .strictObject({
        basic: z
          .strictObject({
            username: z
              .string()
              .regex(/^[^:]+$/, 'a user name of Basic authentication has no colon (RFC 7617)')
              .describe('user name'),
            password: secret.describe('password'),
          })
          .optional()
          .describe('user name and password that Roche sends'),
        clientCertificate: z
          .strictObject({
            sha256: z
              .string()
              .regex(/^[0-9A-Fa-f:]{64,95}$/)
              .describe('SHA-256 fingerprint'),
          })
          .optional()
          .describe('client certificate that Roche presents; needs api.tls.clientCa'),
      })
      .refine(
        (n) => n.basic !== undefined || n.clientCertificate !== undefined,
        'set basic, clientCertificate, or both',
      )
      .describe('how Roche proves itself; when both are set, both are asked for'),
    roche: z.strictObject({
      servicesUrl: z
        .url()
        .describe('base of the services API, as in https://api-services-eu.rochedcplatform.com/partners/services/api/'),
      clientId: z.string().min(1).describe('issued by Roche'),
      clientSecret: secret.describe('issued by Roche'),
      tls: clientTls.describe('mutual TLS; the certificate is issued by Roche'),
      requestTimeoutMs: milliseconds.default(LIMITS.rocheRequestMs).describe('one request for a token or an ACK'),
    }),
    retrieval: z
      .strictObject({
        credentials: z
          .discriminatedUnion('source', [
            z.strictObject({ source: z.literal('roche-token') }),
            z.strictObject({
              source: z.literal('assume-role'),
              region: z.string().describe('AWS region of STS'),
              roleArn: z.string().describe('role to assume'),
              externalId: z.string().optional().describe('external id of the trust policy'),
              sessionName: z.string().default('ductus').describe('stands in CloudTrail'),
              durationSeconds: z.number().int().min(900).max(43_200).default(3600).describe('life of the credentials'),
              endpoint: z.url().optional().describe('STS endpoint instead of the one of the region'),
            }),
            z.strictObject({
              source: z.literal('web-identity'),
              region: z.string().describe('AWS region of STS'),
              roleArn: z.string().describe('role to assume'),
              tokenFile: z.string().describe('file with the web identity token; read at each use'),
              sessionName: z.string().default('ductus').describe('stands in CloudTrail'),
              durationSeconds: z.number().int().min(900).max(43_200).default(3600).describe('life of the credentials'),
              endpoint: z.url().optional().describe('STS endpoint instead of the one of the region'),
            }),
          ])
          .prefault({ source: 'roche-token' })
          .describe('where credentials for S3 come from'),
        endpoint: z.url().optional().describe('S3 endpoint instead of the one of the region'),
        ca: secret.optional().describe('certificate authority of the S3 endpoint, PEM'),
        allowedBuckets: z
          .array(z.string())
          .optional()
          .describe('access-point ARNs or buckets that a notification may name; default: any'),
        allowedHosts: z
          .array(z.string())
          .default(['amazon-s3'])
          .describe(
            'hosts that a pre-signed URL may name; `*.` stands for any sub-domain, `amazon-s3` for the hosts of Amazon S3',
          ),
        urlKeys: z
          .array(z.string())
          .default(['preSignedUrl', 'presignedUrl', 'PreSignedUrl', 'url'])
          .describe('names under which a pre-signed URL may come in MessageReference'),
        maxFileBytes: z
          .number()
          .int()
          .positive()
          .default(100 * 1024 * 1024)
          .describe('a larger file is parked'),
      })
      .prefault({}),
    patientIdentity: z
      .strictObject({
        source: z
          .enum(['as-sent', 'registry'])
          .default('as-sent')
          .describe(
            'as-sent: the number that Roche gives goes to the EMR; registry: the hospital’s own number from the cross-reference (`ductus patients`)',
          ),
        unknown: z
          .enum(['park', 'as-sent'])
          .default('park')
          .describe('with `registry`, a patient without an entry: park the file, or send the number that Roche gives'),
        consent: z
          .enum(['ignore', 'required'])
          .default('ignore')
          .describe(
            'required: only data of patients whom this hospital created at Roche and whose consent is in the registry; needs patientSync',
          ),
        withoutConsent: z
          .enum(['park', 'refuse'])
          .default('park')
          .describe(
            'with `consent: required`, a file without it: park it, or deliver nothing and acknowledge, so that Roche stops',
          ),
      })
      .prefault({}),
    patientSync: createPatientSyncSchema(secret)
      .optional()
      .describe('patients of the HIS go to Roche; off when left out (docs/guide/patient-sync.md)'),
    alerts: z
      .strictObject({
        noTrafficHours: z
          .number()
          .positive()
          .optional()
          .describe('alert when no new notification came for this long; off when left out'),
      })
      .prefault({}),
    destinations: z
      .array(DestinationIdSchema)
      .min(1)
      .describe('where the data goes; Roche is acknowledged after all have it'),
  });
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
