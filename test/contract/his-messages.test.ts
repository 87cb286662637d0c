/**
 * The HIS simulator, Ductus's mapping and the Roche simulator agree: what one writes the next reads, in every style, and
 * nothing of the patient changes on the way.
 */
import { HisSimulator } from '../../simulators/his/his-simulator';
import { judgeSync } from '../../simulators/his/judge';
import type { LedgerEntry } from '../../simulators/his/ledger';
import { checkPatientBundle, isIssue } from '../../simulators/roche-dc/patients-check';
import { PatientServicesOptionsSchema } from '../../simulators/roche-dc/patients-options';
import { PatientsRegister } from '../../simulators/roche-dc/patients-register';
import { decodeHl7 } from '../../src/protocols/hl7-v2/encoding';
import { readHeader } from '../../src/protocols/hl7-v2/header';
import { createPatientSyncSchema } from '../../src/runtime/config/patient-sync-schema';
import { SecretRefSchema } from '../../src/runtime/config/schema';
import { Secret } from '../../src/runtime/config/secret';
import { patientSyncSettings, readAdt, toRocheBundle } from '../../src/transforms/adt-to-fhir';

const START_AT_MS = Date.UTC(2026, 2, 29, 0, 58);
const OID = '2.999.1.1';
const configured = createPatientSyncSchema(SecretRefSchema.transform(() => new Secret(''))).parse({
  fhirUrl: 'https://localhost/fhir/',
});
const settings = patientSyncSettings(configured, 'Europe/Madrid');
const checks = PatientServicesOptionsSchema.parse({});

it.each([undefined, 'standard'] as const)(
  'should bring every message of a HIS in style %s to Roche unchanged',
  (style) => {
    const his = new HisSimulator({
      ...{ seed: 11, patients: 60, messages: 400, startAtMs: START_AT_MS, mergeShare: 0.1, timeZone: 'Europe/Madrid' },
      ...(style === undefined ? {} : { style }),
    });
    const roche = new PatientsRegister(1);
    const ids = new Map<string, string>();
    const ledger: LedgerEntry[] = [];
    for (const message of his.plan) {
      const bytes = his.bytesOf(message, message.eventAtMs);
      const decoded = decodeHl7(bytes, readHeader(bytes)?.characterSet ?? '', 'UNICODE UTF-8');
      if (!decoded.ok) throw new Error(`message ${message.number} is not decoded`);
      const read = readAdt(decoded.text, settings);
      if (!read.ok) throw new Error(`message ${message.number} is refused: ${read.refusal.text}`);
      const { change } = read;
      expect(change).toMatchObject({
        event: message.event,
        kind: message.event === 'A40' ? 'merge' : 'upsert',
        controlId: message.controlId,
        eventAtMs: message.eventAtMs,
        number: { value: message.person.number, namespace: 'HOSP' },
      });
      expect(change.prior?.value).toBe(message.priorNumber);
      const { bundle } = toRocheBundle([change.content], settings, { organizationOid: OID, timestampMs: START_AT_MS });
      const checked = checkPatientBundle(JSON.stringify(bundle), checks);
      if (isIssue(checked)) throw new Error(`message ${message.number}: ${checked.text}`);
      const { number } = message.person;
      const taken = { emrOid: OID, apiVersion: 'v2', originRequestId: '', receivedAtMs: 0, fault: undefined } as const;
      const known = ids.get(number);
      const stored = known === undefined ? roche.create(checked, taken) : roche.update(known, checked, taken);
      if (typeof stored === 'string') throw new Error(`message ${message.number}: ${stored}`);
      ids.set(number, stored.patientId);
      const { event, person, priorNumber, eventAtMs, controlId } = message;
      ledger.push({
        ...{
          number: message.number,
          event,
          person,
          eventAtMs,
          controlId,
          connection: 0,
          firstSentAtMs: 0,
          sentAtMs: 0,
        },
        ...(priorNumber === undefined ? {} : { priorNumber }),
        ...{ attempts: 1, answer: 'AA', accepted: true },
      });
    }
    expect(judgeSync(ledger, { patients: roche.patients(), accepted: roche.log() })).toEqual({
      patients: 60 - his.plan.filter(({ event }) => event === 'A40').length,
      accepted: 400,
      ...{ notAccepted: [], lost: [], duplicated: [], outOfOrder: [], different: [], unexpected: [] },
    });
  },
);
