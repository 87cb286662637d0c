/**
 * The registry of patients in data sharing, from end to end: data go on only with consent, a file without it is parked or
 * refused by policy, and a number that was merged leads to the survivor.
 */
import { request } from 'undici';
import type { Insertable } from 'kysely';
import { SAMPLE_AUTHORITY, samplePatient } from '../../simulators/roche-dc/sample-data';
import { openStore } from '../../src/store/database';
import type { PatientTable } from '../../src/store/schema';
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
  status,
  stored,
  WAIT_MS,
} from '../support/hospital-steps';
import { operations } from '../support/operations';
import { authority, difference, redelivered, restartWith, signOff } from '../support/redelivery-steps';
import { merge, register } from '../support/registry';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

const DAY_MS = 86_400_000;
const days = (number: number): Date => new Date(Date.now() + number * DAY_MS);

function open(policy: object, destination: object = {}): Promise<Hospital> {
  return openHospital(world, {
    destination,
    organization: {
      patientIdentity: { source: 'registry', consent: 'required', ...policy },
      patientSync: { fhirUrl: 'https://localhost:1/' },
    },
  });
}

/** As the HIS and Roche leave a patient: in the registry, and in the cross-reference. */
async function enter(
  hospital: Hospital,
  patient: number,
  more: Partial<Insertable<PatientTable>> = {},
): Promise<string> {
  const store = openStore({ url: hospital.storeUrl, poolSize: 1 });
  const { id } = samplePatient(patient);
  try {
    const hash = await register(store, id, {
      organization: hospital.organizationId,
      system: SAMPLE_AUTHORITY,
      ...more,
    });
    await store
      .insertInto('patient_identifier')
      .values({
        organization: hospital.organizationId,
        source_system: SAMPLE_AUTHORITY,
        source_value: id,
        emr_value: `MRN-${String(patient)}`,
        assigning_authority: 'MARIEN',
        identifier_type: 'MR',
        updated_at: new Date(),
        updated_by: 'ductus',
      })
      .execute();
    return hash;
  } finally {
    await store.destroy();
  }
}

async function into(hospital: Hospital, patient: number, survivor: string): Promise<void> {
  const store = openStore({ url: hospital.storeUrl, poolSize: 1 });
  try {
    await merge(store, samplePatient(patient).id, survivor, hospital.organizationId);
  } finally {
    await store.destroy();
  }
}

function give(hospital: Hospital, patient: number, consent: 'given' | 'withdrawn' = 'given'): Promise<unknown> {
  return operations(hospital, 'patients/consent', {
    organization: hospital.organizationId,
    reason: 'a test',
    consent,
    patients: [{ number: samplePatient(patient).id }],
  });
}

/** PID-3 of what the EMR took. */
async function numbers(hospital: Hospital): Promise<string[]> {
  const frames = await hospital.emr.frames();
  return frames
    .flatMap((frame) => frame.bytes.toString('utf8').split('\r'))
    .filter((segment) => segment.startsWith('PID|'))
    .map((segment) => segment.split('|')[3] ?? '');
}

describe('consent: required', () => {
  it('should deliver data of a patient who has consented, under the hospital’s own number', async () => {
    await using hospital = await open({});
    await enter(hospital, 1, { consent: 'given', consent_from: days(-1), consent_until: days(1) });
    const file = bundle(1);
    const { messageId } = await share(hospital, file);
    expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered' });
    expect(await stored(hospital)).toEqual(expected(file));
    expect(await numbers(hospital)).toEqual(['MRN-1^^^MARIEN^MR']);
  });

  it.each<[string, string, Partial<Insertable<PatientTable>>]>([
    ['missing', 'no consent', {}],
    ['withdrawn', 'consent withdrawn', { consent: 'withdrawn' }],
    ['not-begun', 'consent not begun', { consent: 'given', consent_from: days(1) }],
    ['ended', 'consent ended', { consent: 'given', consent_until: days(-1) }],
    ['not-created', 'not created by this hospital', { consent: 'given', state: 'new', roche_patient_id: null }],
  ])('should park data where the consent is %s, and name nobody', async (_, text, more) => {
    await using hospital = await open({});
    await enter(hospital, 2, more);
    const { messageId } = await share(hospital, bundle(2));
    const now = await parked(hospital, messageId);
    expect(now).toMatchObject({
      errorCode: 'DUCTUS_CONSENT_MISSING',
      errorMessage: `Data of the patient of the file may not be delivered: ${text} (1).`,
      failedStep: 'transform',
    });
    expect(hospital.emr.stats().frames).toBe(0);
    expect([...hospital.logLines, JSON.stringify(now)].join('')).not.toContain(samplePatient(2).id);
  });

  it('should park data of a patient whom the hospital has never named, and go on after the consent is entered', async () => {
    await using hospital = await open({});
    const file = bundle(3);
    const { messageId } = await share(hospital, file);
    expect(await parked(hospital, messageId)).toMatchObject({ errorCode: 'DUCTUS_CONSENT_MISSING' });
    await enter(hospital, 3);
    expect(await give(hospital, 3)).toEqual({ changed: 1, unchanged: 0, unknown: 0 });
    await repair(hospital, messageId, { action: 'retry', from: 'transform', ...decidedBy });
    await acknowledged(hospital);
    expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered' });
    expect(await stored(hospital)).toEqual(expected(file));
  });

  it('should stop what comes after a withdrawal, and keep what went before', async () => {
    await using hospital = await open({});
    await enter(hospital, 4, { consent: 'given' });
    const before = bundle(4);
    expect(await result(hospital, (await share(hospital, before)).messageId)).toEqual({ outcome: 'delivered' });
    await give(hospital, 4, 'withdrawn');
    const late = bundle(4, 5);
    const { messageId } = await share(hospital, late);
    await parked(hospital, messageId);
    expect(await stored(hospital)).toEqual(expected(before));
    await repair(hospital, messageId, { action: 'discard', ...decidedBy });
    expect(await result(hospital, messageId)).toEqual({ outcome: 'discarded' });
    expect(await stored(hospital)).toEqual(expected(before));
  });

  it('should not ask where the organization does not', async () => {
    await using hospital = await open({ consent: 'ignore' });
    await enter(hospital, 5, { consent: 'withdrawn' });
    expect(await result(hospital, (await share(hospital, bundle(5))).messageId)).toEqual({ outcome: 'delivered' });
  });
});

describe('withoutConsent: refuse', () => {
  it('should deliver nothing, acknowledge, and write the reason down', async () => {
    await using hospital = await open({ withoutConsent: 'refuse' });
    await enter(hospital, 6, { consent: 'withdrawn' });
    const { messageId } = await share(hospital, bundle(6));
    expect(await result(hospital, messageId)).toEqual({ outcome: 'refused' });
    await acknowledged(hospital);
    expect(hospital.emr.stats().frames).toBe(0);
    expect(await operations(hospital, `work/${hospital.workflowId(messageId)}`)).toMatchObject({
      stage: 'done',
      outcome: 'refused',
      code: 'DUCTUS_CONSENT_MISSING',
      message: 'Data of the patient of the file may not be delivered: consent withdrawn (1).',
      step: null,
      flags: ['consent-withdrawn'],
      deliveredAt: null,
      messages: [],
    });
    const metrics = await (await request(`${hospital.url}/metrics`)).body.text();
    expect(metrics).toContain('ductus_refused_total{reason="withdrawn"} 1');
    // What nobody consented to is not kept.
    const store = openStore({ url: hospital.storeUrl, poolSize: 1 });
    const rows = await store
      .selectFrom('notification')
      .select('notification_id')
      .where('blob_delete_after', '<=', new Date())
      .execute();
    await store.destroy();
    expect(rows).toEqual([{ notification_id: messageId }]);
  });

  it('should acknowledge a repeat, and deliver the same file under a new id after the consent is given', async () => {
    await using hospital = await open({ withoutConsent: 'refuse' });
    await enter(hospital, 7);
    const file = bundle(7);
    const first = await share(hospital, file);
    expect(await result(hospital, first.messageId)).toEqual({ outcome: 'refused' });
    await acknowledged(hospital);
    await give(hospital, 7);
    await hospital.roche.repeat(first.messageId);
    await hospital.roche.waitUntil((stats) => stats.totals.acks === 2, 20_000);
    expect(await result(hospital, first.messageId)).toEqual({ outcome: 'already-done' });
    expect(hospital.emr.stats().frames).toBe(0);
    const again = await share(hospital, file);
    expect(await result(hospital, again.messageId)).toEqual({ outcome: 'delivered' });
    expect(await stored(hospital)).toEqual(expected(file));
  });

  it('should park a file with data of somebody who has consented and of somebody who has not', async () => {
    await using hospital = await open({ withoutConsent: 'refuse' });
    await enter(hospital, 8, { consent: 'given' });
    const [own, other] = [bundle(8), bundle(9)];
    const { messageId } = await share(hospital, { ...own, entry: [...(own.entry ?? []), ...(other.entry ?? [])] });
    expect(await parked(hospital, messageId)).toMatchObject({
      errorCode: 'DUCTUS_CONSENT_MISSING',
      errorMessage: 'Data of 1 of 2 patients of the file may not be delivered: not created by this hospital (1).',
    });
    expect(hospital.emr.stats().frames).toBe(0);
  });

  it('should park instead where the EMR has some of the file already', async () => {
    await using hospital = await open({ withoutConsent: 'refuse' }, { maxObservationsPerMessage: 1 });
    await enter(hospital, 10, { consent: 'given' });
    hospital.emr.script({ answer: { kind: 'AA' } });
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
    const { messageId } = await share(hospital, bundle(10, 2));
    expect(await parked(hospital, messageId)).toMatchObject({ errorCode: 'DUCTUS_EMR_REJECTED' });
    await give(hospital, 10, 'withdrawn');
    await repair(hospital, messageId, { action: 'retry', from: 'transform', ...decidedBy });
    const isWithheld = async (): Promise<boolean> =>
      (await status(hospital, messageId)).errorCode === 'DUCTUS_CONSENT_MISSING';
    await until(isWithheld, WAIT_MS, 'parking for the missing consent');
    expect(await stored(hospital)).toHaveLength(1);
  });
});

it('should ask again before a file is delivered once more', async () => {
  await using hospital = await open({ source: 'as-sent', withoutConsent: 'refuse' }, authority('OLD'));
  await enter(hospital, 17, { consent: 'given' });
  const { messageId } = await share(hospital, bundle(17));
  await acknowledged(hospital);
  await result(hospital, messageId);
  await restartWith(world, hospital, authority('NEW'));
  const { digest } = await difference(hospital);
  await give(hospital, 17, 'withdrawn');
  await signOff(hospital, digest);
  expect(await redelivered(hospital, messageId, digest)).toEqual({ outcome: 'refused' });
  expect(hospital.emr.stats().frames).toBe(1);
});

describe('a merged number', () => {
  it('should lead to the survivor’s number and consent, over a chain of merges', async () => {
    await using hospital = await open({});
    await enter(hospital, 11);
    const middle = await enter(hospital, 12);
    const last = await enter(hospital, 13, { consent: 'given' });
    await into(hospital, 11, middle);
    await into(hospital, 12, last);
    expect(await result(hospital, (await share(hospital, bundle(11))).messageId)).toEqual({ outcome: 'delivered' });
    expect(await result(hospital, (await share(hospital, bundle(12))).messageId)).toEqual({ outcome: 'delivered' });
    expect(await numbers(hospital)).toEqual(['MRN-13^^^MARIEN^MR', 'MRN-13^^^MARIEN^MR']);
  });

  it('should stop at a withdrawal of the survivor', async () => {
    await using hospital = await open({});
    await enter(hospital, 14, { consent: 'given', consent_at: days(-2) });
    const last = await enter(hospital, 15, { consent: 'withdrawn', consent_at: days(-1) });
    await into(hospital, 14, last);
    const { messageId } = await share(hospital, bundle(14));
    expect((await parked(hospital, messageId)).errorMessage).toContain('consent withdrawn (1)');
  });

  it('should go under the number that the HIS gives the survivor, where the cross-reference has none yet', async () => {
    await using hospital = await open({});
    await enter(hospital, 16, { consent: 'given' });
    const store = openStore({ url: hospital.storeUrl, poolSize: 1 });
    const last = await register(store, 'M-99', {
      organization: hospital.organizationId,
      state: 'new',
      roche_patient_id: null,
    });
    await store.destroy();
    await into(hospital, 16, last);
    expect(await result(hospital, (await share(hospital, bundle(16))).messageId)).toEqual({ outcome: 'delivered' });
    expect(await numbers(hospital)).toEqual(['M-99^^^MARIEN^MR']);
  });
});
