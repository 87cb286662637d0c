/**
 * The part of the configuration about destinations: how an EMR is reached, in which form it takes messages, and what it
 * wants to see of the data. Built by schema.ts; over 200 lines because a reader looks for a key in one place.
 */
import { z } from 'zod';
import { LIMITS } from '../../domain/limits';
import type { Secret } from './secret';
import type { SecretRef } from './schema';

const milliseconds = z.number().int().positive();
const count = z.number().int().positive();

const CLINICAL_KINDS = ['glucose', 'carbs', 'insulin', 'measurement', 'device', 'report'] as const;
const DENSITY = ['all', 'latest-per-hour', 'daily-summary'] as const;

const hl7 = z
  .strictObject({
    version: z.enum(['2.5.1', 'pcd-01']).default('2.5.1').describe('HL7 v2.5.1, or the IHE PCD-01 profile of HL7 v2.6'),
    sendingApplication: z.string().default('DUCTUS').describe('MSH-3: `NAME`, or `NAME^universal id^type`'),
    sendingFacility: z.string().default('ROCHE').describe('MSH-4'),
    receivingApplication: z.string().default('EMR').describe('MSH-5; set it: the default names no EMR of yours'),
    receivingFacility: z.string().default('HOSPITAL').describe('MSH-6; set it, too'),
    processingId: z.enum(['P', 'T', 'D']).default('P').describe('MSH-11: production, training, debugging'),
    characterSet: z.enum(['UNICODE UTF-8', '8859/1', '8859/15']).default('UNICODE UTF-8').describe('MSH-18'),
    patientAssigningAuthority: z
      .string()
      .default('')
      .describe(
        'PID-3.4: `NAME`, or `NAME&universal id&type`; empty: from the identifier system; with numbers of the registry set it, or PID-3.4 stays empty',
      ),
    patientIdentifierType: z.string().default('MR').describe('PID-3.5, table 0203'),
    grouping: z
      .enum(['panel', 'observation'])
      .default('panel')
      .describe(
        'one OBR for all readings of a message; or one for each, with a stable OBR-3, for an EMR that finds corrections by it',
      ),
    deletionStatus: z.enum(['D', 'W']).default('D').describe('OBX-11 of what the patient deleted (table 0085)'),
    insulin: z
      .enum(['oru', 'ras'])
      .default('oru')
      .describe('insulin as observations of an ORU^R01, or as a pharmacy administration, RAS^O17'),
    devices: z
      .enum(['reference', 'describe'])
      .default('reference')
      .describe('a device as OBX-18 of its readings only; or also its maker, model, serial number and versions as OBX'),
    visit: z
      .strictObject({
        patientClass: z.string().default('O').describe('PV1-2, table 0004'),
        location: z.string().default('').describe('PV1-3, as in `DIAB^1^2`'),
        visitNumber: z.string().default('').describe('PV1-19'),
      })
      .optional()
      .describe('adds a PV1; an MDM^T02 always has one'),
    orderingProvider: z.string().default('').describe('OBR-16, as in `4711^Muster^Maxi`'),
  })
  .prefault({});

const fhir = z
  .strictObject({
    upsert: z
      .enum(['conditional', 'id'])
      .default('conditional')
      .describe(
        'conditional: PUT Type?identifier=…, for any server; id: PUT Type/<UUID made of the identifier>, for a server that lets clients choose ids',
      ),
    maxEntriesPerBundle: count.default(500).describe('a larger file goes out as several transactions'),
  })
  .prefault({});

const mapping = z
  .strictObject({
    kinds: z
      .array(z.enum(CLINICAL_KINDS))
      .default([...CLINICAL_KINDS])
      .describe('kinds of data that the destination takes; others are left out and counted'),
    glucoseUnit: z
      .enum(['as-sent', 'mg/dL', 'mmol/L'])
      .default('as-sent')
      .describe(
        'as-sent keeps the unit of the sender. mg/dL: converted, rounded to a whole number; mmol/L: to one decimal; the original stands in a note',
      ),
    density: z
      .strictObject({
        glucose: z
          .enum(DENSITY)
          .default('all')
          .describe('all readings, the last of each hour, or min, mean, max of each day'),
        carbs: z.enum(DENSITY).default('all').describe('the same for carbohydrates; a daily summary is a sum'),
        insulin: z.enum(DENSITY).default('all').describe('the same for insulin; a daily summary is a sum'),
      })
      .prefault({})
      .describe('how many of the readings the destination wants; left-out readings are counted'),
    codeMaps: z
      .array(z.string())
      .default([])
      .describe('files with code maps, relative to the configuration file (docs/guide/code-maps.md)'),
    module: z
      .string()
      .optional()
      .describe('the site’s own mapping module, TypeScript or JavaScript (docs/guide/site-mapping.md)'),
  })
  .prefault({});

const acknowledgments = z
  .strictObject({
    AR: z
      .enum(['retry', 'park'])
      .default('retry')
      .describe('AR with ERR-3 200–203 (unsupported) is parked all the same'),
    CE: z.enum(['retry', 'park']).default('retry').describe('commit error in enhanced mode'),
    transientErrorCodes: z
      .array(z.string())
      .default(['206', '207'])
      .describe('ERR-3 codes of an AE that are worth a retry'),
    alreadyStoredCodes: z
      .array(z.string())
      .default(['205'])
      .describe('ERR-3 codes that mean: stored before (only after a resend)'),
  })
  .prefault({});

/** What every destination has, however it is reached. */
const common = {
  mapping,
  hl7,
  maxObservationsPerMessage: count.default(500).describe('a larger bundle goes out as several messages'),
  unmapped: z
    .enum(['report', 'carry', 'park'])
    .default('report')
    .describe(
      'resources and elements without a mapping. report: count, show and keep the file; carry: also send the resource as it is (HL7: as an ED observation); park: stop the file',
    ),
  onAmbiguous: z
    .enum(['resend', 'park'])
    .default('resend')
    .describe('no valid answer after sending: send again under the same message id, or ask an operator'),
  pause: z
    .strictObject({
      afterFailures: count.default(3).describe('failures in a row that pause the destination'),
      firstWaitMs: milliseconds.default(5_000).describe('first wait of a paused destination'),
      longestWaitMs: milliseconds.default(300_000).describe('waits double up to this'),
    })
    .prefault({}),
  drainPerSecond: z.number().positive().max(1000).default(20).describe('files per second when a backlog drains'),
};

const connections = count.max(64).default(4).describe('each has one message in flight');
const acknowledgmentTimeoutMs = milliseconds.default(LIMITS.mllpAcknowledgmentMs).describe('wait for an answer');

/**
 * Builds the schema of one destination.
 * @param secret schema of a secret reference; @param clientTls schema of a client's TLS settings
 */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the type is what zod infers
export function createDestinationSchema<T extends z.ZodType>(secret: z.ZodType<Secret, SecretRef>, clientTls: T) {
  const mllp = z.strictObject({
    kind: z.literal('mllp').describe('HL7 v2 over MLLP, with or without TLS'),
    host: z.string().describe('host of the EMR interface'),
    port: z.number().int().min(1).max(65535).describe('MLLP port of the EMR interface'),
    tls: clientTls.optional().describe('MLLP over TLS'),
    connections,
    connectTimeoutMs: milliseconds.default(LIMITS.mllpConnectMs).describe('time to open a connection'),
    acknowledgmentTimeoutMs,
    idleTimeoutMs: milliseconds.default(60_000).describe('an idle connection is closed after this'),
    maxAnswerBytes: count.default(64 * 1024).describe('an answer that is longer ends the connection'),
    acknowledgments,
    ...common,
  });

  const credentials = z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('basic'),
        username: z.string().describe('user name'),
        password: secret.describe('password'),
      }),
      z.strictObject({ kind: z.literal('bearer'), token: secret.describe('token that does not expire') }),
    ])
    .optional()
    .describe('how Ductus proves itself, beside a client certificate');

  const web = {
    url: z.url({ protocol: /^https?$/ }).describe('address of the endpoint'),
    tls: clientTls.optional().describe('certificate authority and client certificate'),
    credentials,
    connections,
    acknowledgmentTimeoutMs,
    maxAnswerBytes: count.default(4 * 1024 * 1024).describe('an answer that is longer is not read'),
  };

  const http = z.strictObject({
    kind: z.literal('http').describe('a POST for each message'),
    ...web,
    format: z
      .enum(['hl7', 'json'])
      .default('hl7')
      .describe('HL7 v2 (`application/hl7-v2`, answered by an HL7 acknowledgment), or JSON (answered by a status)'),
    acknowledgments,
    ...common,
  });

  const fhirServer = z.strictObject({
    kind: z.literal('fhir').describe('a FHIR R4 server that takes transactions'),
    ...web,
    fhir,
    ...common,
  });

  const file = z.strictObject({
    kind: z.literal('file').describe('a file for each message, renamed into place when it is complete'),
    folder: z.string().describe('folder that the EMR reads; must exist'),
    format: z.enum(['hl7', 'fhir', 'json']).default('hl7').describe('form of the files'),
    fhir,
    connections: count.max(64).default(4).describe('files written at once'),
    acknowledgmentTimeoutMs,
    ...common,
  });

  return z.discriminatedUnion('kind', [mllp, http, fhirServer, file]);
}
