/** Configuration of the patient-sync flow of one organization: how the HIS reaches it, and how Roche is told. */
import { z } from 'zod';
import { LIMITS } from '../../domain/limits';
import { ADT_EVENTS } from '../../domain/patient-sync';
import { CHARACTER_SETS } from '../../protocols/hl7-v2/encoding';
import type { SecretRef } from './schema';
import type { Secret } from './secret';

const milliseconds = z.number().int().positive();

/** @param secret schema of a secret reference */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the type is what zod infers
export function createPatientSyncSchema(secret: z.ZodType<Secret, SecretRef>) {
  const listener = z.strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use lower-case letters, digits and hyphens (at most 63)')
      .describe('stands in logs, metrics and the ledger; an MSH-10 is unique within it'),
    host: z.string().default('0.0.0.0').describe('address to listen on'),
    port: z.number().int().min(0).max(65535).describe('0: a free one'),
    tls: z
      .strictObject({
        cert: secret.describe('server certificate, PEM'),
        key: secret.describe('private key, PEM'),
        clientCa: secret.optional().describe('authority of client certificates, PEM; when set, one is asked for'),
      })
      .optional()
      .describe('plain TCP when left out: inside of a network of your own only'),
    allowedAddresses: z
      .array(z.string())
      .optional()
      .describe('IP addresses or CIDR ranges that may connect; default: any'),
    maxConnections: z.number().int().positive().default(100).describe('more are refused'),
    maxMessageBytes: z
      .number()
      .int()
      .positive()
      .default(1024 * 1024)
      .describe('a longer frame is answered with AR and the connection is closed'),
    characterSet: z.enum(CHARACTER_SETS).default('UNICODE UTF-8').describe('of messages without MSH-18'),
  });

  return z.strictObject({
    fhirUrl: z
      .url()
      .describe('base of the FHIR API, as in https://api-services-eu.rochedcplatform.com/partners/fhir/stu3/api/'),
    apiVersion: z
      .enum(['v1', 'v2'])
      .default('v2')
      .describe('v1: POST Bundle, PUT Bundle/{identifier}; v2: POST v2/Bundle, PUT v2/Bundle/{id of Roche}'),
    lookup: z
      .enum(['read', 'search', 'none'])
      .default('search')
      .describe(
        'how a create with an unknown outcome is looked up: GET Patient/{identifier}, GET Patient?identifier=…, or by sending it again, where Roche refuses a second one',
      ),
    originRequestId: z
      .enum(['attempt', 'random'])
      .default('attempt')
      .describe('`x-origin-request-id`: a UUID of work and attempt, or a random one'),
    concurrency: z.number().int().positive().default(8).describe('requests at once, for each worker'),
    createTimeoutMs: milliseconds.default(LIMITS.rocheCreateMs).describe('one create'),
    updateTimeoutMs: milliseconds.default(LIMITS.rocheUpdateMs).describe('one update'),
    identifier: z
      .strictObject({
        system: z
          .string()
          .min(1)
          .default('urn:oid:1.3.6.1.4.1.56221.2.2')
          .describe(
            'system of the patient number at Roche; the default is that of Meteda, urn:oid:2.16.724.4.41 that of CIP',
          ),
        type: z.string().default('MR').describe('PID-3.5 of the repetition that is the patient number'),
        authority: z
          .string()
          .regex(/^[^&^~|]+$/, 'is the first part of PID-3.4 alone, as in HOSP of HOSP&1.2.3&ISO')
          .optional()
          .describe('PID-3.4 (first part) of that repetition; default: the first of that type, or the only one'),
        assigningAuthority: z
          .string()
          .optional()
          .describe('PID-3.4 of the number in messages to the EMR; default: as the HIS sends it'),
      })
      .prefault({}),
    events: z
      .array(z.enum(ADT_EVENTS))
      .min(1)
      .default([...ADT_EVENTS])
      .describe('trigger events that are taken; others get AR'),
    processingIds: z
      .array(z.enum(['P', 'T', 'D']))
      .min(1)
      .default(['P'])
      .describe(
        'MSH-11 of messages that are taken; others get AR, so that a training system that is connected by mistake changes nothing',
      ),
    requireCondition: z.boolean().default(false).describe('refuse a new patient without a diabetes diagnosis (AE)'),
    diagnoses: z
      .record(z.string(), z.string())
      .default({})
      .describe(
        'codes of the HIS for a kind of diabetes: `I10|E10.9` (DG1-3.3 and 3.1) → SNOMED code; added to the built-in map',
      ),
    mllp: z.array(listener).default([]).describe('MLLP listeners of the entry point'),
    http: z
      .strictObject({
        name: z
          .string()
          .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use lower-case letters, digits and hyphens (at most 63)')
          .default('his-http')
          .describe('stands in logs, metrics and the ledger'),
        token: secret.describe('Bearer token of the HIS'),
      })
      .optional()
      .describe('`POST /his/messages` and `/his/fhir/…`; off when left out'),
    pause: z
      .strictObject({
        afterFailures: z.number().int().positive().default(3).describe('failures in a row'),
        firstWaitMs: milliseconds.default(10_000).describe('wait before the first new try'),
        longestWaitMs: milliseconds.default(300_000).describe('the wait doubles up to this'),
      })
      .prefault({})
      .describe('when Roche’s patient services fail or refuse the credentials, nothing is sent for a while'),
    drainPerSecond: z.number().positive().default(5).describe('rate at which patients go out after a pause'),
    registrationDesk: z
      .strictObject({
        webhook: z
          .url()
          .optional()
          .describe('receives a POST for each patient that Roche refuses, without data of the patient'),
        email: z
          .strictObject({
            to: z.array(z.email()).min(1).describe('addresses of the registration desk'),
            from: z.email().describe('sender'),
            smtp: secret.describe('SMTP server, as in smtps://user:password@mail.hospital.example'),
          })
          .optional()
          .describe('an e-mail for each patient that Roche refuses, without data of the patient'),
      })
      .prefault({}),
  });
}
