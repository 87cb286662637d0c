/** AuditEvents have the form of FHIR R4, its codes, and who, what and whose. The oracle (HAPI) has judged the same samples. */
import { z } from 'zod';
import { AUDIT_KINDS } from '../../src/domain/audit';
import { toAuditEvent } from '../../src/domain/audit-event';
import { AUDIT_RECORDS } from '../support/audit-records';

const coding = z.strictObject({
  system: z.url(),
  code: z.string().regex(/^\S+$/),
  display: z.string().min(1).optional(),
});
const reference = z.strictObject({
  identifier: z.strictObject({ system: z.url(), value: z.string().min(1) }),
  type: z.literal('Patient').optional(),
  display: z.string().optional(),
});
/** http://hl7.org/fhir/R4/auditevent.html: the elements that are used, each with its cardinality and binding. */
const AuditEventSchema = z.strictObject({
  resourceType: z.literal('AuditEvent'),
  id: z.string().regex(/^[A-Za-z0-9.-]{1,64}$/),
  type: coding.extend({
    system: z.literal('http://dicom.nema.org/resources/ontology/DCM'),
    code: z.string().regex(/^1101(0\d|1[0-4])$/),
  }),
  subtype: z.array(coding).min(1),
  action: z.enum(['C', 'R', 'U', 'D', 'E']),
  recorded: z.iso.datetime(),
  outcome: z.enum(['0', '4', '8', '12']),
  outcomeDesc: z.string().min(1).optional(),
  agent: z
    .array(
      z.strictObject({
        type: z.strictObject({ coding: z.array(coding).min(1) }).optional(),
        who: reference,
        name: z.string().min(1).optional(),
        requestor: z.boolean(),
        network: z.strictObject({ address: z.string().min(1), type: z.enum(['1', '2']) }).optional(),
      }),
    )
    .min(1)
    // PS3.15 A.5: one of the participants is the one who asked for it.
    .refine((agents) => agents.filter(({ requestor }) => requestor).length === 1),
  source: z.strictObject({ site: z.string().min(1).optional(), observer: reference, type: z.array(coding).min(1) }),
  entity: z
    .array(
      z.strictObject({
        what: reference,
        type: coding,
        role: coding,
        detail: z
          .array(z.strictObject({ type: z.string().min(1), valueString: z.string().min(1) }))
          .min(1)
          .optional(),
      }),
    )
    .min(1)
    .optional(),
});

it.each(AUDIT_RECORDS)('should write $kind as a valid AuditEvent ($id)', (record) => {
  const event = AuditEventSchema.parse(JSON.parse(JSON.stringify(toAuditEvent(record))));
  expect(event.subtype.at(-1)).toEqual({ system: 'urn:ductus:audit-kind', code: record.kind });
  expect(event.recorded).toBe(record.at.toISOString());
});

it('should have a sample of every kind', () => {
  expect(new Set(AUDIT_RECORDS.map(({ kind }) => kind))).toEqual(new Set(AUDIT_KINDS));
});

it('should say of a delivery who sent what to whom, and whose it is', () => {
  const event = AUDIT_RECORDS.find(({ kind }) => kind === 'delivery');
  expect(event === undefined ? undefined : toAuditEvent(event)).toMatchObject({
    type: { code: '110106' },
    source: { site: 'st-marien', observer: { identifier: { value: 'ductus' } } },
    agent: [
      { who: { identifier: { value: 'ductus' } }, requestor: true },
      { who: { identifier: { value: 'emr-main' } }, requestor: false },
    ],
    entity: [
      {
        what: { type: 'Patient', identifier: { value: 'AAAAAAAAAAAAAAAAAAAAAA' } },
        role: { code: '1' },
        detail: [{ valueString: 'BBBBBBBBBBBBBBBBBBBBBB' }, { valueString: 'CCCCCCCCCCCCCCCCCCCCCC' }],
      },
      { what: { identifier: { value: '0A1B2C3D4E5F60718293' } } },
      { what: { identifier: { value: 'data-sharing/st-marien/0f3c' } }, role: { code: '20' } },
    ],
  });
});

it('should keep the patients of an event apart', () => {
  const event = AUDIT_RECORDS.find(({ kind }) => kind === 'patients-change');
  const entities = event === undefined ? [] : (toAuditEvent(event).entity ?? []);
  expect(entities.filter(({ what }) => what.type === 'Patient').map(({ detail }) => detail?.length)).toEqual([2, 1]);
});
