/**
 * Patients and reports from end to end: the hospital's own number in PID-3, a patient without one (parked, imported, gone
 * on with), and Clinical Reports with their replacements.
 */
import { Client as PgClient } from 'pg';
import { request } from 'undici';
import { z } from 'zod';
import { FhirServerSimulator } from '../../simulators/fhir-server/fhir-server-simulator';
import { sampleReport } from '../../simulators/roche-dc/sample-report';
import { bgBundle, correctionBundle, SAMPLE_AUTHORITY, samplePatient } from '../../simulators/roche-dc/sample-data';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import {
  acknowledged,
  bundle,
  decidedBy,
  expected,
  parked,
  repair,
  result,
  share,
  stored,
  WAIT_MS,
} from '../support/hospital-steps';
import { operations } from '../support/operations';
import { difference } from '../support/redelivery-steps';
import { testTemporalAddress } from '../support/temporal';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

const registry = { patientIdentity: { source: 'registry' } };

function importing(hospital: Hospital, patient: number, more: object = {}): Promise<unknown> {
  return operations(hospital, 'patients/import', {
    organization: hospital.organizationId,
    reason: 'a test',
    patients: [
      {
        sourceSystem: SAMPLE_AUTHORITY,
        sourceValue: samplePatient(patient).id,
        mrn: `MRN-${String(patient)}`,
        ...more,
      },
    ],
  });
}

/** The segments of one kind of what the EMR took, in order. */
async function segments(hospital: Hospital, name: string): Promise<string[][]> {
  const frames = await hospital.emr.frames();
  return frames
    .filter((frame) => frame.accepted && !frame.repeat)
    .flatMap((frame) => frame.bytes.toString('utf8').split('\r'))
    .filter((segment) => segment.startsWith(`${name}|`))
    .map((segment) => segment.split('|'));
}

async function numbers(hospital: Hospital): Promise<(string | undefined)[]> {
  return (await segments(hospital, 'PID')).map((pid) => pid[3]);
}

describe('the cross-reference', () => {
  it('should put the hospital’s own number into PID-3', async () => {
    await using hospital = await openHospital(world, { organization: registry });
    await importing(hospital, 1, { assigningAuthority: 'MARIEN', identifierType: 'PI' });
    const file = bundle(1);
    await share(hospital, file);
    await acknowledged(hospital);
    expect(await stored(hospital)).toEqual(expected(file));
    expect(await numbers(hospital)).toEqual(['MRN-1^^^MARIEN^PI']);
  });

  it('should park a file of a patient without an entry, send nothing, and go on after the import', async () => {
    await using hospital = await openHospital(world, { organization: registry });
    const file = bundle(2);
    const { messageId } = await share(hospital, file);
    const before = await parked(hospital, messageId);
    expect(before).toMatchObject({ errorCode: 'DUCTUS_PATIENT_UNKNOWN', failedStep: 'transform' });
    expect(before.errorMessage).not.toContain(samplePatient(2).id);
    expect(hospital.emr.stats().frames).toBe(0);

    await importing(hospital, 2);
    await repair(hospital, messageId, { action: 'retry', from: 'transform', ...decidedBy });
    await acknowledged(hospital);
    expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered' });
    expect(await stored(hospital)).toEqual(expected(file));
    const [number = ''] = await numbers(hospital);
    expect(number).toMatch(/^MRN-2\^\^\^[^^]*\^MR$/);
    const left = [...hospital.logLines, JSON.stringify(before)].join('');
    expect(left).not.toContain('MRN-2');
    expect(left).not.toContain(samplePatient(2).id);
  });

  it('should go on by itself when Roche notifies again after the import', async () => {
    await using hospital = await openHospital(world, { organization: registry });
    const { messageId } = await share(hospital, bundle(3));
    await parked(hospital, messageId);
    await importing(hospital, 3);
    await hospital.roche.repeat(messageId);
    await acknowledged(hospital);
    expect(await numbers(hospital)).toEqual([expect.stringMatching(/^MRN-3\^/)]);
  });

  it('should not take the number of another system, or of another organization', async () => {
    await using hospital = await openHospital(world, { organization: registry });
    await importing(hospital, 4, { sourceSystem: 'urn:oid:2.999.5' });
    const other = Object.keys(hospital.config.organizations).find((id) => id !== hospital.organizationId) ?? '';
    await operations(hospital, 'patients/import', {
      organization: other,
      reason: 'a test',
      patients: [{ sourceSystem: SAMPLE_AUTHORITY, sourceValue: samplePatient(4).id, mrn: 'MRN-OTHER' }],
    });
    const { messageId } = await share(hospital, bundle(4));
    expect(await parked(hospital, messageId)).toMatchObject({ errorCode: 'DUCTUS_PATIENT_UNKNOWN' });
  });

  it('should send the number that Roche gives, where the organization says so', async () => {
    await using hospital = await openHospital(world, {
      organization: { patientIdentity: { source: 'registry', unknown: 'as-sent' } },
    });
    await share(hospital, bundle(5));
    await acknowledged(hospital);
    expect(await numbers(hospital)).toEqual([expect.stringContaining(`${samplePatient(5).id}^`)]);
  });
});

describe('a correction that names another patient', () => {
  /** The same readings, corrected, as if they had been another patient's all along. */
  const moved = (file: ReturnType<typeof bundle>, from: number, to: number, corrected: number): string =>
    JSON.stringify(correctionBundle(file, { seed: 1, corrected })).replaceAll(
      samplePatient(from).id,
      samplePatient(to).id,
    );
  /** As if it had delivered before the ledger knew whose a resource is. */
  const forgetPatients = async (hospital: Hospital, destination: string): Promise<void> => {
    const ledger = new PgClient({ connectionString: hospital.storeUrl });
    await ledger.connect();
    await ledger.query('update delivered_resource set patient_hash = null where destination = $1', [destination]);
    await ledger.end();
  };
  const patients = async (hospital: Hospital) => (await numbers(hospital)).map((number) => number?.split('^')[0]);

  it('should be parked, and a skip should leave out what moved and deliver the rest', async () => {
    await using hospital = await openHospital(world);
    const file = bundle(21);
    await share(hospital, file);
    await acknowledged(hospital);
    const both = JSON.stringify({
      ...file,
      entry: [
        ...z.object({ entry: z.array(z.unknown()) }).parse(JSON.parse(moved(file, 21, 22, 2))).entry,
        ...(bundle(22, 1).entry ?? []).slice(1),
      ],
    });
    const { messageId } = await share(hospital, both);
    const before = await parked(hospital, messageId);
    expect(before).toMatchObject({ errorCode: 'DUCTUS_PATIENT_CHANGED', failedStep: 'transform' });
    expect(before.errorMessage).toContain('Observation (2)');
    for (const patient of [21, 22]) expect(JSON.stringify(before)).not.toContain(samplePatient(patient).id);
    expect(await stored(hospital)).toEqual(expected(file));

    // Only a person can know what became of it: neither a notification nor a bare retry sends it.
    await hospital.roche.repeat(messageId);
    await repair(hospital, messageId, { action: 'retry', ...decidedBy });
    // A decision is taken only when it is parked again.
    const skip = { action: 'skip', resources: [], ...decidedBy } as const;
    const skipped = (): Promise<true | undefined> =>
      repair(hospital, messageId, skip).then(
        () => true,
        () => undefined,
      );
    await until(skipped, WAIT_MS, 'a skip');
    expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered-in-part' });
    expect(await stored(hospital)).toEqual([...expected(file), ...expected(bundle(22, 1))].sort());
    expect(await patients(hospital)).toEqual([samplePatient(21).id, samplePatient(22).id]);
    for (const patient of [21, 22]) expect(hospital.logLines.join('')).not.toContain(samplePatient(patient).id);
  });

  it('should be parked in every form, also when it deletes', async () => {
    const server = new FhirServerSimulator();
    using temporary = temporaryFolder();
    await server.start();
    try {
      const forms = [
        { kind: 'fhir', url: server.url },
        { kind: 'file', folder: temporary.path, format: 'json' },
      ];
      for (const [index, destination] of forms.entries()) {
        await using hospital = await openHospital(world, { destinations: { other: destination } });
        const [from, to] = [30 + 2 * index, 31 + 2 * index];
        const file = bundle(from, 1);
        await share(hospital, file);
        await acknowledged(hospital);
        await forgetPatients(hospital, hospital.destination);
        const { messageId } = await share(hospital, moved(file, from, to, 1).replaceAll('"amended"', '"cancelled"'));
        expect(await parked(hospital, messageId)).toMatchObject({ errorCode: 'DUCTUS_PATIENT_CHANGED' });
      }
    } finally {
      await server.stop();
    }
  });

  it('should go on when the cross-reference says that both numbers are one patient', async () => {
    await using hospital = await openHospital(world, { organization: registry });
    const file = bundle(23);
    await importing(hospital, 23, { mrn: 'MRN-ONE' });
    await share(hospital, file);
    await acknowledged(hospital);
    const { messageId } = await share(hospital, moved(file, 23, 24, 1));
    expect(await parked(hospital, messageId)).toMatchObject({ errorCode: 'DUCTUS_PATIENT_UNKNOWN' });
    await importing(hospital, 24, { mrn: 'MRN-ONE' });
    await repair(hospital, messageId, { action: 'retry', from: 'transform', ...decidedBy });
    expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered' });
    expect(await patients(hospital)).toEqual(['MRN-ONE', 'MRN-ONE']);
    expect((await stored(hospital)).filter((line) => line.endsWith(' C'))).toHaveLength(1);
  });

  it('should be parked when the cross-reference gives the same number of Roche to another patient', async () => {
    await using hospital = await openHospital(world, { organization: registry });
    const file = bundle(25);
    await importing(hospital, 25, { mrn: 'MRN-WRONG' });
    const first = await share(hospital, file);
    await acknowledged(hospital);
    await operations(hospital, 'patients/import', {
      organization: hospital.organizationId,
      reason: 'a test',
      replace: true,
      patients: [{ sourceSystem: SAMPLE_AUTHORITY, sourceValue: samplePatient(25).id, mrn: 'MRN-RIGHT' }],
    });
    const { messageId } = await share(hospital, correctionBundle(file, { seed: 1, corrected: 1 }));
    expect(await parked(hospital, messageId)).toMatchObject({ errorCode: 'DUCTUS_PATIENT_CHANGED' });
    expect(await patients(hospital)).toEqual(['MRN-WRONG']);
    // Nor is it sent again as a correction.
    const { digest, report } = await difference(hospital, { notifications: [first.messageId] });
    expect(digest).toBeUndefined();
    expect(report.cannot.files).toEqual([expect.objectContaining({ code: 'DUCTUS_PATIENT_CHANGED' })]);
  });

  it('should be taken for the same patient where the ledger does not know whose it was, and be known from then on', async () => {
    await using hospital = await openHospital(world);
    const file = bundle(26);
    await share(hospital, file);
    await acknowledged(hospital);
    await forgetPatients(hospital, hospital.destination);
    const correction = correctionBundle(file, { seed: 1, corrected: 1 });
    await share(hospital, correction);
    await acknowledged(hospital, 2);
    const { messageId } = await share(hospital, moved(correction, 26, 27, 1));
    expect(await parked(hospital, messageId)).toMatchObject({ errorCode: 'DUCTUS_PATIENT_CHANGED' });
  });
});

describe('Clinical Reports', () => {
  const shareReport = (hospital: Hospital, bytes: Uint8Array | string) =>
    share(hospital, bytes, { messageType: 'Clinical Report' });

  it('should go out as MDM^T02 with the bytes as they came, and a replacement as T10', async () => {
    await using hospital = await openHospital(world, { organization: registry });
    await importing(hospital, 6);
    const [first, second] = [1, 2].map((version) => sampleReport({ patient: 6, seed: 6, version }));
    if (first === undefined || second === undefined) throw new Error('no reports');
    const { messageId } = await shareReport(hospital, first);
    await acknowledged(hospital);
    await result(hospital, messageId);
    expect(await operations(hospital, `work/${hospital.workflowId(messageId)}`)).toMatchObject({
      messageType: 'Clinical Report',
      kinds: { report: 1 },
      observations: 0,
      unmapped: {},
    });
    await shareReport(hospital, second);
    await acknowledged(hospital, 2);

    expect((await segments(hospital, 'MSH')).map((msh) => msh[8])).toEqual(['MDM^T02^MDM_T02', 'MDM^T10^MDM_T02']);
    expect(await numbers(hospital)).toEqual([expect.stringMatching(/^MRN-6\^/), expect.stringMatching(/^MRN-6\^/)]);
    const documents = (await segments(hospital, 'OBX')).map((obx) => (obx[5] ?? '').split('^')[4] ?? '');
    expect(documents.map((base64) => Buffer.from(base64, 'base64'))).toEqual([first, second]);
    expect(hospital.emr.stats()).toMatchObject({ invalid: 0 });

    // An older version that comes late is nothing new.
    const late = await shareReport(hospital, `${first.toString('utf8')}\n`);
    await acknowledged(hospital, 3);
    await result(hospital, late.messageId);
    expect(hospital.emr.stats().frames).toBe(2);
    expect(await operations(hospital, `work/${hospital.workflowId(late.messageId)}`)).toMatchObject({
      leftOut: 1,
      leftOutReasons: { superseded: 1 },
    });
  });

  it('should be parked with the element when it is none', async () => {
    await using hospital = await openHospital(world);
    const text = sampleReport({ patient: 7, seed: 7 }).toString('utf8');
    const { messageId } = await shareReport(hospital, text.replace(/<recordTarget>[\s\S]*<\/recordTarget>/, ''));
    const now = await parked(hospital, messageId);
    expect(now).toMatchObject({ errorCode: 'DUCTUS_REPORT_INVALID', failedStep: 'transform' });
    expect(now.errorMessage).toContain('ClinicalDocument.recordTarget');
    expect(hospital.emr.stats().frames).toBe(0);
  });
});

it('should count what a file holds by kind, and what was left out by reason', async () => {
  await using hospital = await openHospital(world);
  const file = bundle(9, 4);
  const { messageId } = await share(hospital, file);
  await acknowledged(hospital);
  await result(hospital, messageId);
  expect(await operations(hospital, `work/${hospital.workflowId(messageId)}`)).toMatchObject({
    observations: 4,
    kinds: { glucose: 4 },
    leftOut: 0,
    leftOutReasons: {},
  });
  const again = await share(hospital, { ...file, id: 'another-file' });
  await acknowledged(hospital, 2);
  await result(hospital, again.messageId);
  expect(await operations(hospital, `work/${hospital.workflowId(again.messageId)}`)).toMatchObject({
    observations: 0,
    kinds: {},
    leftOut: 4,
    leftOutReasons: { current: 4 },
  });

  // An element that nothing reads, and a resource that has no mapping.
  const odd = bgBundle({ patient: 10, count: 1, seed: 10 });
  const [reading] = (odd.entry ?? []).filter(({ resource }) => resource?.resourceType === 'Observation');
  const unread = { ...reading?.resource, bodySite: { text: 'finger' } };
  const entry = (odd.entry ?? []).map((each) => (each === reading ? { ...each, resource: unread } : each));
  const third = await share(hospital, { ...odd, entry: [...entry, { resource: { resourceType: 'Basic', id: 'b' } }] });
  await acknowledged(hospital, 3);
  await result(hospital, third.messageId);
  expect(await operations(hospital, `work/${hospital.workflowId(third.messageId)}`)).toMatchObject({
    kinds: { glucose: 1 },
    unmapped: { Basic: 1, 'Observation.bodySite': 1 },
  });

  const metrics = await (await request(`${hospital.url}/metrics`)).body.text();
  expect(metrics).toContain('ductus_unmapped_resources_total{type="other"} 1');
  expect(metrics).toContain('ductus_unmapped_resources_total{type="element"} 1');
  expect(metrics).toContain(`ductus_items_total{destination="${hospital.destination}",kind="glucose"} 5`);
});
