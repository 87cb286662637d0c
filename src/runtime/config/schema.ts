/**
 * The configuration: one zod schema is validation, defaults, types and the reference page
 * (`docs/reference/configuration.md` is generated from the descriptions here).
 *
 * Over 200 lines because a reader looks for a key in one place.
 */
import { z } from 'zod';
import { DestinationIdSchema, OrganizationIdSchema } from '../../domain/identifiers';
import { LIMITS } from '../../domain/limits';
import { ROCHE_DESTINATION_PREFIX } from '../../domain/workflow-ids';
import { createDestinationSchema } from './destination-schema';
import { createOrganizationSchema } from './organization-schema';
import type { Secret } from './secret';

/** How a secret stands in the file: by environment variable or by file, never as a literal. */
export const SecretRefSchema = z.union(
  [z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })],
  { error: 'write a secret as { env: NAME } or { file: PATH }, never in the file itself' },
);
export type SecretRef = z.infer<typeof SecretRefSchema>;

/** Turns a reference into the value; throws with a plain message when the variable or file is missing. */
export type SecretReader = (ref: SecretRef) => Secret;

const milliseconds = z.number().int().positive();

/**
 * Builds the schema.
 * @param read reads a secret; the documentation passes one that reads nothing
 */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the type is what zod infers
export function createConfigSchema(read: SecretReader) {
  const secret = SecretRefSchema.transform((ref, context) => {
    try {
      return read(ref);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'cannot be read' });
      return z.NEVER;
    }
  });

  const clientTls = z
    .strictObject({
      cert: secret.optional().describe('client certificate, PEM'),
      key: secret.optional().describe('private key of the client certificate, PEM'),
      ca: secret.optional().describe('certificate authority to trust instead of the public ones, PEM'),
      serverName: z.string().optional().describe('name expected in the certificate, when it is not the host'),
    })
    .refine((tls) => (tls.cert === undefined) === (tls.key === undefined), 'give cert and key together');

  const api = z.strictObject({
    host: z.string().default('127.0.0.1').describe('address to listen on'),
    port: z.number().int().min(0).max(65535).default(8080).describe('0: a free one'),
    bodyLimitBytes: z.number().int().positive().default(65_536).describe('a notification has about 1 kB'),
    tls: z
      .strictObject({
        cert: secret.describe('server certificate, PEM'),
        key: secret.describe('private key, PEM'),
        clientCa: secret.optional().describe('authority of client certificates; when set, callers may present one'),
      })
      .optional()
      .describe('TLS in Ductus itself; leave out behind a proxy that ends TLS'),
  });

  const codec = z.strictObject({
    host: z.string().default('127.0.0.1').describe('address to listen on'),
    port: z.number().int().min(0).max(65535).default(8081).describe('0: a free one'),
    publicUrl: z
      .url()
      .optional()
      .describe('how browsers reach it, as in https://codec.hospital.example, when that is not host and port'),
    origins: z
      .array(z.url().refine((url) => new URL(url).origin === url, 'is scheme, host and port only, without a slash'))
      .default([])
      .describe(
        'Temporal Web UIs that may ask, as in https://temporal.hospital.example; the embedded one may by itself. ' +
          'Same domain as the codec server, or browsers keep the session back',
      ),
    sessionMinutes: z
      .number()
      .int()
      .positive()
      .max(12 * 60)
      .default(60)
      .describe('how long a login lasts'),
    tls: z
      .strictObject({
        cert: secret.describe('server certificate, PEM'),
        key: secret.describe('private key, PEM'),
      })
      .optional()
      .describe('TLS in Ductus itself; leave out behind a proxy that ends TLS'),
  });

  const metrics = z.strictObject({
    public: z
      .boolean()
      .default(false)
      .describe('whether `/metrics` of the API needs no operator with the right `read`'),
    host: z.string().default('127.0.0.1').describe('address of the listener below'),
    port: z
      .number()
      .int()
      .min(0)
      .max(65535)
      .optional()
      .describe(
        'serves `/metrics` and `/health/…` without authentication, in every role: for a worker alone, and for a network of its own; 0: a free one; none when left out',
      ),
  });

  const temporal = z.strictObject({
    address: z.string().optional().describe('host:port; when left out, Ductus runs an embedded Temporal server'),
    namespace: z.string().default('default').describe('Temporal namespace'),
    taskQueue: z.string().default('ductus').describe('the API and all workers of one Ductus share it'),
    apiKey: secret.optional().describe('API key of Temporal Cloud'),
    webUi: z.url().optional().describe('address of the Web UI, for `ductus links`; default: the embedded one'),
    tls: clientTls.optional(),
    embedded: z
      .strictObject({
        port: z.number().int().min(0).max(65535).default(7233).describe('gRPC; 0: a free one'),
        uiPort: z.number().int().min(0).max(65535).default(8233).describe('Web UI; 0: a free one'),
        binary: z.string().optional().describe('path of the `temporal` program; looked for when left out'),
        codecEndpoint: z
          .url()
          .optional()
          .describe('codec server that the embedded Web UI asks for payloads; default: the one of `codec`'),
      })
      .prefault({}),
    worker: z
      .strictObject({
        maxConcurrentActivities: z
          .number()
          .int()
          .positive()
          .default(50)
          .describe('fetches, deliveries and ACKs at once'),
        maxConcurrentLocalActivities: z
          .number()
          .int()
          .positive()
          .default(16)
          .describe('quick steps at once; each may hold a file in memory'),
        maxCachedWorkflows: z.number().int().positive().default(200).describe('kept in memory; others are replayed'),
        shutdownGraceMs: milliseconds.default(20_000).describe('time that running activities get to end at a shutdown'),
        versioning: z
          .strictObject({
            deployment: z
              .string()
              .regex(/^[^.]+$/, 'has a dot, which Temporal does not allow here')
              .default('ductus')
              .describe('name of the worker deployment in Temporal'),
            buildId: z.string().min(1).describe('names this release, as in 1.4.2; another one for each release'),
          })
          .optional()
          .describe('work ends on the release on which it started (docs/operations/releases.md); off when left out'),
      })
      .prefault({}),
  });

  const store = z.strictObject({
    url: secret
      .optional()
      .describe('PostgreSQL URL; when left out, Ductus runs an embedded PGlite as a process of its own'),
    poolSize: z.number().int().positive().default(10).describe('connections of one process'),
    embedded: z
      .strictObject({ port: z.number().int().min(0).max(65535).default(5433).describe('0: a free one') })
      .prefault({}),
  });

  const blobs = z.strictObject({
    store: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('folder'), path: z.string().optional().describe('default: <dataDir>/blobs') }),
        z.strictObject({
          kind: z.literal('s3'),
          bucket: z.string().describe('name or ARN'),
          region: z.string().describe('AWS region of the bucket'),
          prefix: z.string().default('ductus/').describe('start of every key'),
          endpoint: z.url().optional().describe('S3 endpoint instead of the one of the region'),
        }),
      ])
      .prefault({ kind: 'folder' }),
    retainDays: z
      .number()
      .positive()
      .default(14)
      .describe('fetched files are deleted this long after the work is over'),
    retainUnmappedDays: z
      .number()
      .positive()
      .default(90)
      .describe('kept this long when the file held resources without a mapping, so that they can still be delivered'),
  });

  const encryption = z
    .strictObject({
      currentKey: z.string().describe('id of the key that encrypts from now on'),
      keys: z.record(z.string(), secret).describe('key ring: id → 32 bytes in base64; old keys stay for reading'),
      hashKey: secret.describe(
        'key of the hashes that stand for patient ids, at least 16 characters; it never rotates',
      ),
    })
    .refine((e) => Object.hasOwn(e.keys, e.currentKey), {
      path: ['currentKey'],
      message: 'is not one of encryption.keys',
    });

  const operator = z.strictObject({
    name: z.string().min(1).describe('stands in the ledger as who decided'),
    token: secret.describe('Bearer token of the operator'),
    rights: z
      .array(z.enum(['read', 'repair', 'decode', 'audit']))
      .default(['read', 'repair'])
      .describe(
        'read: lists; repair: decide on parked work, hold destinations; decode: read payloads in the Temporal Web UI, and numbers of patients; audit: read the audit',
      ),
  });

  return z
    .strictObject({
      dataDir: z.string().default('.ductus').describe('folder of the embedded servers and of the blob store'),
      api: api.prefault({}),
      codec: codec
        .optional()
        .describe('codec server, by which operators with the right `decode` read payloads in the Temporal Web UI'),
      temporal: temporal.prefault({}),
      store: store.prefault({}),
      blobs: blobs.prefault({}),
      encryption,
      operators: z.array(operator).default([]).describe('people and programs that may use the operations API'),
      organizations: z
        .record(OrganizationIdSchema, createOrganizationSchema(secret, clientTls))
        .describe('hospitals, by a short name of yours'),
      destinations: z
        .record(DestinationIdSchema, createDestinationSchema(secret, clientTls))
        .describe('where data goes, by a short name of yours'),
      dataSharing: z
        .strictObject({
          acknowledgeDeadlineMs: milliseconds
            .default(LIMITS.acknowledgeDeadlineMs)
            .describe('alert when not acknowledged by then'),
          maxBytesInFlight: z
            .number()
            .int()
            .positive()
            .default(256 * 1024 * 1024)
            .describe('bytes of files that one worker holds at once; more wait'),
        })
        .prefault({}),
      alerts: z
        .strictObject({
          webhook: z.url().optional().describe('receives a POST when a condition begins and when it ends'),
          certificateDays: z
            .number()
            .positive()
            .default(30)
            .describe('alert when a certificate of the configuration ends within this many days'),
          oldestWorkMinutes: z
            .number()
            .positive()
            .default(60)
            .describe('alert when work of an organization that is not parked is older than this'),
        })
        .prefault({}),
      metrics: metrics.prefault({}),
      traces: z
        .strictObject({
          endpoint: z
            .url({ protocol: /^https?$/ })
            .optional()
            .describe('OTLP over HTTP, as in http://collector:4318/v1/traces; no traces when left out'),
          ratio: z.number().min(0).max(1).default(0.1).describe('share of notifications that are traced'),
        })
        .prefault({}),
      log: z
        .strictObject({
          level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('least level written'),
        })
        .prefault({}),
    })
    .superRefine((config, context) => {
      const oids = new Map<string, string>();
      for (const id of Object.keys(config.destinations)) {
        if (!id.startsWith(ROCHE_DESTINATION_PREFIX)) continue;
        const message = `begins with "${ROCHE_DESTINATION_PREFIX}", which names Roche's patient services`;
        context.addIssue({ code: 'custom', path: ['destinations', id], message });
      }
      const listeners = new Set<string>();
      const addresses = new Set<string>();
      for (const [id, org] of Object.entries(config.organizations)) {
        const twin = oids.get(org.emrOid);
        if (twin !== undefined) {
          context.addIssue({
            code: 'custom',
            path: ['organizations', id, 'emrOid'],
            message: `is also the emrOid of ${twin}`,
          });
        }
        oids.set(org.emrOid, id);
        for (const [index, { name, host, port }] of (org.patientSync?.mllp ?? []).entries()) {
          const address = `${host} ${String(port)}`;
          if (port !== 0 && addresses.has(address)) {
            const path = ['organizations', id, 'patientSync', 'mllp', index, 'port'];
            context.addIssue({ code: 'custom', path, message: 'is also the port of another listener' });
          }
          addresses.add(address);
          if (listeners.has(name)) {
            const path = ['organizations', id, 'patientSync', 'mllp', index, 'name'];
            context.addIssue({ code: 'custom', path, message: 'is also the name of another listener' });
          }
          listeners.add(name);
        }
        // An MSH-10 is unique within its door: two of one name would take each other's messages for repeats.
        const door = org.patientSync?.http?.name;
        if (door !== undefined && org.patientSync?.mllp.some(({ name }) => name === door)) {
          const path = ['organizations', id, 'patientSync', 'http', 'name'];
          context.addIssue({ code: 'custom', path, message: 'is also the name of a listener' });
        }
        // Without it nobody would ever have consented, and with `refuse` every file would be lost.
        if (org.patientIdentity.consent === 'required' && org.patientSync === undefined) {
          context.addIssue({
            code: 'custom',
            path: ['organizations', id, 'patientIdentity', 'consent'],
            message: '"required" needs patientSync: it fills the registry of patients',
          });
        }
        // The id of an organization stands behind the prefix in the id of a destination, which has 63 characters.
        if (org.patientSync !== undefined && ROCHE_DESTINATION_PREFIX.length + id.length > 63) {
          context.addIssue({
            code: 'custom',
            path: ['organizations', id],
            message: 'is too long for patientSync: 57 at most',
          });
        }
        org.destinations.forEach((destination, index) => {
          if (!Object.hasOwn(config.destinations, destination)) {
            context.addIssue({
              code: 'custom',
              path: ['organizations', id, 'destinations', index],
              message: `"${destination}" is not one of destinations`,
            });
          }
        });
      }
    });
}

export type Config = z.infer<ReturnType<typeof createConfigSchema>>;
export type OrganizationConfig = Config['organizations'][keyof Config['organizations']];
export type DestinationConfig = Config['destinations'][keyof Config['destinations']];
export type DestinationConfigOf<Kind extends DestinationConfig['kind']> = Extract<DestinationConfig, { kind: Kind }>;
export type PatientSyncConfig = NonNullable<OrganizationConfig['patientSync']>;
export type ClientTlsConfig = OrganizationConfig['roche']['tls'];
