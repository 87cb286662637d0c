/**
 * The registry between both flows: what the HIS says of a patient reaches Roche and the registry, and data come back by what
 * the registry says; and what operators do about it.
 */
import { bgBundle, correctionBundle, samplePatient } from '../../simulators/roche-dc/sample-data';
import { startWorld, type Hospital, type World } from '../support/ductus';
import { decidedBy, parked, repair, result, share } from '../support/hospital-steps';
import { operations } from '../support/operations';
import { ended, openPatientHospital, patientStage, say, sayAndEnd, states, taken } from '../support/patient-steps';
import { SYSTEM } from '../support/registry';
import { testTemporalAddress } from '../support/temporal';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

const order = (hospital: Hospital) => ({ organization: hospital.organizationId, reason: 'a test' });
const consent = (hospital: Hospital, number: string, state: 'given' | 'withdrawn'): Promise<unknown> =>
  operations(hospital, 'patients/consent', { ...order(hospital), consent: state, patients: [{ number }] });

/** Readings of a patient under a number of the hospital. */
const readings = (number: string, seed: number) =>
  bgBundle({ patient: { ...samplePatient(1), id: number, system: SYSTEM }, count: 2, seed });

async function numbers(hospital: Hospital): Promise<string[]> {
  const frames = await hospital.emr.frames();
  return frames
    .flatMap((frame) => frame.bytes.toString('utf8').split('\r'))
    .filter((segment) => segment.startsWith('PID|'))
    .map((segment) => segment.split('|')[3] ?? '');
}

it('should bring data back to the patient whom the HIS created, with consent, and to the survivor after a merge', async () => {
  await using hospital = await openPatientHospital(
    world,
    {},
    {},
    { organization: { patientIdentity: { source: 'registry', consent: 'required' } } },
  );
  const { messageId: early } = await share(hospital, readings('100', 1));
  expect((await parked(hospital, early)).errorMessage).toContain('not created by this hospital (1)');
  await sayAndEnd(hospital, { event: 'A04', number: '100', minute: 1 });
  await repair(hospital, early, { action: 'discard', ...decidedBy });

  const { messageId } = await share(hospital, readings('100', 2));
  expect((await parked(hospital, messageId)).errorMessage).toContain('no consent (1)');
  await consent(hospital, '100', 'given');
  await repair(hospital, messageId, { action: 'retry', from: 'transform', ...decidedBy });
  expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered' });
  expect(await numbers(hospital)).toEqual(['100^^^HOSP^MR']);

  await sayAndEnd(hospital, { event: 'A40', number: '200', prior: '100', minute: 2 });
  const later = await share(hospital, readings('100', 3));
  expect(await result(hospital, later.messageId)).toEqual({ outcome: 'delivered' });
  const own = await share(hospital, readings('200', 4));
  expect(await result(hospital, own.messageId)).toEqual({ outcome: 'delivered' });
  await sayAndEnd(hospital, { event: 'A40', number: '300', prior: '200', minute: 3 });
  const last = await share(hospital, readings('100', 5));
  expect(await result(hospital, last.messageId)).toEqual({ outcome: 'delivered' });
  expect((await numbers(hospital)).slice(1)).toEqual(['200^^^HOSP^MR', '200^^^HOSP^MR', '300^^^HOSP^MR']);

  await consent(hospital, '200', 'withdrawn');
  const late = await share(hospital, readings('300', 6));
  expect((await parked(hospital, late.messageId)).errorMessage).toContain('consent withdrawn (1)');
});

it('should correct after a merge what went out under the number that ended, whichever number Roche names', async () => {
  await using hospital = await openPatientHospital(
    world,
    {},
    {},
    { organization: { patientIdentity: { source: 'registry' } } },
  );
  await sayAndEnd(hospital, { event: 'A04', number: '100', minute: 1 });
  const first = readings('100', 11);
  expect(await result(hospital, (await share(hospital, first)).messageId)).toEqual({ outcome: 'delivered' });
  await sayAndEnd(hospital, { event: 'A40', number: '200', prior: '100', minute: 2 });

  const corrected = correctionBundle(first, { seed: 12, corrected: 1 });
  expect(await result(hospital, (await share(hospital, corrected)).messageId)).toEqual({ outcome: 'delivered' });
  const again = JSON.stringify(correctionBundle(first, { seed: 13, corrected: 1 })).replaceAll(
    '"value":"100"',
    '"value":"200"',
  );
  expect(await result(hospital, (await share(hospital, again)).messageId)).toEqual({ outcome: 'delivered' });
  expect(await numbers(hospital)).toEqual(['100^^^HOSP^MR', '200^^^HOSP^MR', '200^^^HOSP^MR']);
});

it('should list what Roche refused, and send it again when an operator says so', async () => {
  await using hospital = await openPatientHospital(world);
  hospital.roche.faults.order('patient-invalid');
  const { work } = await say(hospital, { event: 'A04', number: '100', minute: 1, controlId: 'MSG-1' });
  await patientStage(hospital, work, 'parked');
  expect(await operations(hospital, 'patients/worklist')).toMatchObject({
    entries: [{ kind: 'refused', workflowId: work, controlId: 'MSG-1', event: 'A04', code: 'DUCTUS_PATIENT_REFUSED' }],
  });
  expect(await operations(hospital, 'parked')).toMatchObject({
    parked: [{ workflowId: work, notificationId: 'MSG-1', code: 'DUCTUS_PATIENT_REFUSED', step: 'send' }],
  });
  const resend = { ...order(hospital), all: { state: 'parked' } };
  expect(await operations(hospital, 'patients/resend', resend)).toEqual({
    results: [{ patient: work.split('/').at(-1), done: 'retried' }],
  });
  await ended(hospital, work);
  expect(await states(hospital)).toEqual(['A04 created']);
  expect(await operations(hospital, 'patients/worklist')).toEqual({ entries: [] });
});

it('should send what says nothing new after an operator has ordered it', async () => {
  await using hospital = await openPatientHospital(world);
  const { work } = await sayAndEnd(hospital, { event: 'A04', number: '100', minute: 1 });
  await sayAndEnd(hospital, { number: '100', minute: 2 });
  expect(await operations(hospital, 'patients/resend', { ...order(hospital), patients: [work] })).toEqual({
    results: [{ patient: work.split('/').at(-1), done: 'cleared' }],
  });
  await sayAndEnd(hospital, { number: '100', minute: 3 });
  expect(await states(hospital)).toEqual(['A04 created', 'A08 unchanged', 'A08 updated']);
  expect(taken(hospital)).toEqual(['create 100 Muster', 'update 100 Muster']);
});
