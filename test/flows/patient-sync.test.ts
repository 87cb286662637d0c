/**
 * Patients of the HIS on their way to Roche: in order, once, and what happens when Roche does not answer. Rows of the
 * failure matrix in docs/guide/patient-sync.md.
 */
import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import { startWorld, type World } from '../support/ductus';
import { SECRETS } from '../support/config';
import { WAIT_MS } from '../support/hospital-steps';
import {
  atRoche,
  destinationOf,
  ended,
  openPatientHospital,
  orderRoche,
  patientStage,
  registry,
  rocheState,
  rows,
  say,
  sayAndEnd,
  states,
  taken,
} from '../support/patient-steps';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

describe('changes of one patient', () => {
  it('should create first, then update, and send nothing that Roche has already', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { event: 'A04', number: '100', family: 'Alt', minute: 1 });
    await sayAndEnd(hospital, { number: '100', family: 'Neu', minute: 2 });
    await sayAndEnd(hospital, { number: '100', family: 'Neu', minute: 3 });
    expect(taken(hospital)).toEqual(['create 100 Alt', 'update 100 Neu']);
    expect(await states(hospital)).toEqual(['A04 created', 'A08 updated', 'A08 unchanged']);
    expect(await registry(hospital)).toEqual(['100 active, at Roche']);
    expect(
      await rows(
        hospital,
        'select source_value, emr_value, assigning_authority, identifier_type from patient_identifier',
      ),
    ).toEqual([{ source_value: '100', emr_value: '100', assigning_authority: 'HOSP', identifier_type: 'MR' }]);
  });

  it('should merge what waits into the newest, and keep the diagnosis that only an older one has', async () => {
    await using hospital = await openPatientHospital(world);
    await orderRoche(hospital, 'hold');
    const dg1 = ['DG1|1||E10.9^Typ 1^I10|||F'];
    const { work } = await say(hospital, { event: 'A04', number: '100', family: 'Eins', minute: 1, segments: dg1 });
    await patientStage(hospital, work, 'waiting');
    await say(hospital, { number: '100', family: 'Zwei', minute: 2 });
    const { change } = await say(hospital, { number: '100', family: 'Drei', minute: 3 });
    await until(async () => (await states(hospital)).length === 3, WAIT_MS, 'all are taken up');
    await orderRoche(hospital, 'resume');
    await ended(hospital, work);
    expect(taken(hospital)).toEqual(['create 100 Drei']);
    expect(JSON.stringify(hospital.roche.patientStats().patients)).toContain('46635009');
    expect(await states(hospital)).toEqual(['A04 superseded', 'A08 superseded', 'A08 created']);
    const replaced = await rows(
      hospital,
      'select distinct replaced_by from patient_change where replaced_by is not null',
    );
    expect(replaced).toEqual([{ replaced_by: change.id }]);
  });

  it('should go by the place within a connection, whatever the times say', async () => {
    await using hospital = await openPatientHospital(world);
    const connection = randomUUID();
    await sayAndEnd(hospital, { number: '100', family: 'Eins', minute: 30, connection, sequence: 1 });
    await sayAndEnd(hospital, { number: '100', family: 'Zwei', minute: 10, connection, sequence: 2 });
    expect(atRoche(hospital)).toEqual(['100 Zwei']);
  });

  it('should drop what is older than the last one when it comes by another connection', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: '100', family: 'Neu', minute: 30 });
    await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 10 });
    // Of the same moment: the order of arrival.
    await sayAndEnd(hospital, { number: '100', family: 'Zuletzt', minute: 30 });
    expect(taken(hospital)).toEqual(['create 100 Neu', 'update 100 Zuletzt']);
    expect((await states(hospital)).sort()).toEqual(['A08 created', 'A08 stale', 'A08 updated']);
  });

  it('should drop what is older than a message that said nothing new', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: '100', family: 'Gilt', minute: 1 });
    await sayAndEnd(hospital, { number: '100', family: 'Gilt', minute: 30 });
    // Changed at minute 20, and changed back at minute 30.
    await sayAndEnd(hospital, { number: '100', family: 'Zwischendurch', minute: 20 });
    expect(atRoche(hospital)).toEqual(['100 Gilt']);
    expect((await states(hospital)).sort()).toEqual(['A08 created', 'A08 stale', 'A08 unchanged']);
  });

  it('should put what waits in order as well', async () => {
    await using hospital = await openPatientHospital(world);
    await orderRoche(hospital, 'hold');
    const { work } = await say(hospital, { number: '100', family: 'Neu', minute: 30 });
    await patientStage(hospital, work, 'waiting');
    await say(hospital, { number: '100', family: 'Alt', minute: 10 });
    await until(async () => (await states(hospital)).length === 2, WAIT_MS, 'both are taken up');
    await orderRoche(hospital, 'resume');
    await ended(hospital, work);
    expect(taken(hospital)).toEqual(['create 100 Neu']);
    expect((await states(hospital)).sort()).toEqual(['A08 created', 'A08 superseded']);
  });

  it('should not give one patient’s record to another who has the same number of another authority', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: '100', family: 'Erste', minute: 1, authority: 'A' });
    // Looked up by the number after this, the first patient would be found.
    hospital.roche.faults.order('patient-exception');
    const { work } = await say(hospital, { number: '100', family: 'Zweite', minute: 2, authority: 'B' });
    expect(await patientStage(hospital, work, 'parked')).toMatchObject({ errorCode: 'DUCTUS_PATIENT_DUPLICATE' });
    expect(atRoche(hospital)).toEqual(['100 Erste']);
    await sayAndEnd(hospital, { number: '100', family: 'Erste-Neu', minute: 3, authority: 'A' });
    expect(atRoche(hospital)).toEqual(['100 Erste-Neu']);
  });

  it('should do nothing about a repeat, during the work and after it', async () => {
    await using hospital = await openPatientHospital(world);
    await orderRoche(hospital, 'hold');
    const said = { number: '100', minute: 1, controlId: 'MSG-1', connection: randomUUID() };
    const { work } = await say(hospital, said);
    await patientStage(hospital, work, 'waiting');
    await say(hospital, { ...said, connection: randomUUID() });
    await orderRoche(hospital, 'resume');
    await ended(hospital, work);
    await sayAndEnd(hospital, { ...said, connection: randomUUID() });
    expect(taken(hospital)).toEqual(['create 100 Muster']);
    expect(await states(hospital)).toEqual(['A08 created']);
  });

  it('should not apply other content under a control id in use', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: '100', family: 'Eins', minute: 1, controlId: 'MSG-1' });
    await sayAndEnd(hospital, { number: '100', family: 'Zwei', minute: 2, controlId: 'MSG-1' });
    await sayAndEnd(hospital, { number: '200', family: 'Drei', minute: 3, controlId: 'MSG-1' });
    // Another listener counts on its own.
    await sayAndEnd(hospital, { number: '300', family: 'Vier', minute: 4, controlId: 'MSG-1', source: 'other' });
    expect(atRoche(hospital)).toEqual(['100 Eins', '300 Vier']);
    expect(await states(hospital)).toEqual(['A08 created', 'A08 conflict', 'A08 conflict', 'A08 created']);
    expect(hospital.logLines.filter((line) => line.includes('DUCTUS_CONTROL_ID_REUSED'))).toHaveLength(2);
    const { taskQueue } = hospital.config.temporal;
    await hospital.client.workflow.execute('watch', { taskQueue, workflowId: randomUUID() });
    expect(await rows(hospital, 'select key, code, text from alert where cleared_at is null')).toEqual([
      {
        key: `control-id/${hospital.organizationId}/his`,
        code: 'DUCTUS_CONTROL_ID_REUSED',
        text: expect.stringContaining('2 messages of his'),
      },
    ]);
  });

  it('should take up again what was lost with a terminated workflow, when the HIS repeats it', async () => {
    await using hospital = await openPatientHospital(world);
    await orderRoche(hospital, 'hold');
    const said = { number: '100', minute: 1, controlId: 'MSG-1', connection: randomUUID() };
    const { work } = await say(hospital, said);
    await patientStage(hospital, work, 'waiting');
    await hospital.client.workflow.getHandle(work).terminate('a test');
    await orderRoche(hospital, 'resume');
    await rocheState(hospital, 'open');
    await sayAndEnd(hospital, said);
    expect(taken(hospital)).toEqual(['create 100 Muster']);
    expect(await states(hospital)).toEqual(['A08 created']);
  });

  it('should go on in a new run when many come, and lose none', async () => {
    await using hospital = await openPatientHospital(world);
    await orderRoche(hospital, 'hold');
    const connection = randomUUID();
    const count = 230;
    let work = '';
    for (let sequence = 1; sequence <= count; sequence += 1) {
      ({ work } = await say(hospital, {
        number: '100',
        family: `N${String(sequence)}`,
        minute: 1,
        connection,
        sequence,
      }));
    }
    await until(async () => (await states(hospital)).length === count, WAIT_MS, 'all are taken up');
    await orderRoche(hospital, 'resume');
    await ended(hospital, work);
    expect(atRoche(hospital)).toEqual([`100 N${String(count)}`]);
    const ends = await rows(
      hospital,
      'select state, count(*)::int as count from patient_change group by state order by state',
    );
    expect(ends).toEqual([
      { state: 'created', count: 1 },
      { state: 'superseded', count: count - 1 },
    ]);
    const query = `WorkflowId = "${work}" AND ExecutionStatus = "ContinuedAsNew"`;
    await until(async () => (await hospital.client.workflow.count(query)).count > 0, WAIT_MS, 'a run that went on');
  });
});

describe('Roche when it does not answer as it should', () => {
  it('should look up a create whose end is not known, and create no second patient', async () => {
    await using hospital = await openPatientHospital(world, { pause: { afterFailures: 20 } });
    const faults = [
      'patient-stored-cut',
      'patient-stored-hang',
      'patient-stored-timeout',
      'patient-stored-empty',
    ] as const;
    const works = [];
    for (const [index, fault] of faults.entries()) {
      hospital.roche.faults.order(fault);
      works.push((await say(hospital, { number: `${String(index + 1)}00`, minute: 1 })).work);
    }
    for (const work of works) await ended(hospital, work);
    expect(hospital.roche.patientTotals()).toMatchObject({ patients: 4, creates: 4, refusedCreates: 0 });
    expect(await registry(hospital)).toEqual([1, 2, 3, 4].map((index) => `${String(index)}00 active, at Roche`));
    expect(await rows(hospital, 'select distinct state, attempts, possible_repeats from patient_change')).toEqual([
      { state: 'updated', attempts: 2, possible_repeats: 0 },
    ]);
  });

  it('should create again what the look-up does not find, and count it', async () => {
    await using hospital = await openPatientHospital(world);
    hospital.roche.faults.order('patient-hang');
    await sayAndEnd(hospital, { number: '100', minute: 1 });
    expect(hospital.roche.patientTotals()).toMatchObject({ patients: 1, creates: 1 });
    const [row] = await rows(hospital, 'select state, attempts, possible_repeats from patient_change');
    expect(row).toEqual({ state: 'created', attempts: 2, possible_repeats: 1 });
  });

  it('should adopt what a second create finds, where nothing can be looked up (v1)', async () => {
    await using hospital = await openPatientHospital(world, { lookup: 'none', apiVersion: 'v1' });
    hospital.roche.faults.order('patient-stored-cut');
    await sayAndEnd(hospital, { number: '100', minute: 1 });
    expect(hospital.roche.patientTotals()).toMatchObject({ patients: 1, creates: 1, updates: 1, refusedCreates: 1 });
    expect(await registry(hospital)).toEqual(['100 active, at Roche']);
  });

  it.each(['patient-429', 'patient-503', 'patient-500', 'patient-exception', 'patient-cut'] as const)(
    'should try again after %s',
    async (fault) => {
      await using hospital = await openPatientHospital(world);
      await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 1 });
      hospital.roche.faults.order(fault);
      await sayAndEnd(hospital, { number: '100', family: 'Neu', minute: 2 });
      expect(atRoche(hospital)).toEqual(['100 Neu']);
      expect(await rows(hospital, `select attempts from patient_change where state = 'updated'`)).toEqual([
        { attempts: 2 },
      ]);
    },
  );

  it('should let an update whose end is not known end before the next one', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 1 });
    hospital.roche.faults.order('patient-stored-cut');
    const { work } = await say(hospital, { number: '100', family: 'Neu', minute: 2 });
    await until(() => hospital.roche.patientTotals().updates === 1, WAIT_MS, 'the update');
    await say(hospital, { number: '100', family: 'Zuletzt', minute: 3 });
    await ended(hospital, work);
    expect(taken(hospital)).toEqual(['create 100 Alt', 'update 100 Neu', 'update 100 Neu', 'update 100 Zuletzt']);
    const [, first, second, ...more] = hospital.roche.patientStats().accepted;
    expect(new Set([first, second, ...more].map((each) => each?.originRequestId)).size).toBe(3);
    // A try after any other failure comes within a second.
    expect((second?.receivedAtMs ?? 0) - (first?.receivedAtMs ?? 0)).toBeGreaterThanOrEqual(2500);
  });

  it('should pause all patients when Roche refuses the credentials, tell once, and go on by itself', async () => {
    await using hospital = await openPatientHospital(world);
    for (let times = 0; times < 5; times += 1) hospital.roche.faults.order('patient-403');
    const works = [];
    for (const number of ['100', '200', '300', '400']) works.push((await say(hospital, { number, minute: 1 })).work);
    for (const work of works) await ended(hospital, work);
    expect(atRoche(hospital)).toEqual(['100 Muster', '200 Muster', '300 Muster', '400 Muster']);
    await rocheState(hospital, 'open');
    const alerts = hospital.logLines.filter((line) => line.includes('DUCTUS_DESTINATION_DOWN'));
    expect(alerts.filter((line) => line.includes('"kind":"raised"'))).toHaveLength(1);
    expect(alerts.filter((line) => line.includes('"kind":"cleared"'))).toHaveLength(1);
    expect(alerts[0]).toContain('DUCTUS_ROCHE_UNAUTHORIZED');
  });

  it('should let no patient wait for another one', async () => {
    await using hospital = await openPatientHospital(world, { updateTimeoutMs: 15_000 }, { holdMs: 10_000 });
    await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 1 });
    hospital.roche.faults.order('patient-hang');
    const { work } = await say(hospital, { number: '100', family: 'Neu', minute: 2 });
    await until(() => hospital.roche.faults.counts()['patient-hang'] === 1, WAIT_MS, 'the hang');
    await sayAndEnd(hospital, { number: '200', minute: 1 });
    expect(atRoche(hospital)).toEqual(['100 Alt', '200 Muster']);
    await ended(hospital, work);
    expect(atRoche(hospital)).toEqual(['100 Neu', '200 Muster']);
  });
});

describe('Roche’s patient services as a destination', () => {
  it('should not stay paused since the one that tries has nothing to send', async () => {
    await using hospital = await openPatientHospital(world, {
      pause: { afterFailures: 2, firstWaitMs: 2000, longestWaitMs: 4000 },
    });
    await sayAndEnd(hospital, { number: '100', minute: 1 });
    for (let times = 0; times < 2; times += 1) hospital.roche.faults.order('patient-503');
    const first = await say(hospital, { number: '200', minute: 1 });
    await rocheState(hospital, 'paused');
    // The oldest that waits tries first: let it be the one that is known.
    const second = await say(hospital, { number: '100', minute: 2 });
    const waiting = await rows(hospital, 'select workflow_id from destination_waiter order by received_at');
    expect(waiting.length).toBeGreaterThan(0);
    await rows(hospital, `update destination_waiter set received_at = now() where workflow_id = $1`, first.work);
    await ended(hospital, second.work);
    await ended(hospital, first.work);
    expect(atRoche(hospital)).toEqual(['100 Muster', '200 Muster']);
    expect(await states(hospital)).toContain('A08 unchanged');
    await rocheState(hospital, 'open');
  });

  it('should be listed with those of data sharing, with what waits', async () => {
    await using hospital = await openPatientHospital(world);
    await orderRoche(hospital, 'hold');
    const { work } = await say(hospital, { number: '100', minute: 1 });
    await patientStage(hospital, work, 'waiting');
    const answer = await request(`${hospital.url}/operations/destinations`, {
      headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}` },
    });
    expect(await answer.body.json()).toMatchObject({
      destinations: [
        { destination: hospital.destination, state: 'open' },
        { destination: destinationOf(hospital), state: 'held', waiting: 1, heldReason: 'a test' },
      ],
    });
    await orderRoche(hospital, 'resume');
    await ended(hospital, work);
    await rocheState(hospital, 'open');
  });
});
