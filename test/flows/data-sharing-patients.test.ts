/**
 * Patients and reports from end to end: the hospital's own number in PID-3, a patient without one (parked, imported, gone
 * on with), and Clinical Reports with their replacements.
 */
import { request } from 'undici';
import { sampleReport } from '../../simulators/roche-dc/sample-report';
import { bgBundle, SAMPLE_AUTHORITY, samplePatient } from '../../simulators/roche-dc/sample-data';
import { SECRETS } from '../support/config';
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
} from '../support/hospital-steps';
import { testTemporalAddress } from '../support/temporal';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

const registry = { patientIdentity: { source: 'registry' } };

/** A call of the operators' API. */
async function operations(hospital: Hospital, path: string, body?: object): Promise<unknown> {
  const response = await request(`${hospital.url}/operations/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.body.json();
  expect({ status: response.statusCode, answer }).toMatchObject({ status: 200 });
  return answer;
}

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
