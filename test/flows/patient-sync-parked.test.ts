/** Patients whom Roche refuses: parked, told to the registration desk, and what goes on from there. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { decidedBy, WAIT_MS } from '../support/hospital-steps';
import { startWorld, type World } from '../support/ductus';
import {
  atRoche,
  ended,
  openPatientHospital,
  patientStage,
  repairPatient,
  rows,
  say,
  sayAndEnd,
  states,
  taken,
} from '../support/patient-steps';
import { operatorOf } from '../support/operator';
import { SmtpPeer } from '../support/smtp-peer';
import { testTemporalAddress } from '../support/temporal';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

/** A webhook of the registration desk. */
async function desk(): Promise<{ url: string; reports: unknown[]; refuse: number } & AsyncDisposable> {
  const reports: unknown[] = [];
  const state = { refuse: 0 };
  const server: Server = createServer((call, answer) => {
    let body = '';
    call.setEncoding('utf8').on('data', (part: string) => (body += part));
    call.on('end', () => {
      if (state.refuse > 0) {
        state.refuse -= 1;
        answer.writeHead(500).end();
        return;
      }
      reports.push(JSON.parse(body));
      answer.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? (address satisfies AddressInfo).port : 0;
  return {
    url: `http://127.0.0.1:${String(port)}/desk`,
    reports,
    get refuse() {
      return state.refuse;
    },
    set refuse(count) {
      state.refuse = count;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close').catch(() => undefined);
    },
  };
}

const TOO_LONG = {
  code: 'DUCTUS_PATIENT_REFUSED',
  element: 'Patient.identifier.value',
};

describe('a patient whom Roche refuses', () => {
  it('should be parked with the element, told to the desk without data, and go on with the next message', async () => {
    await using webhook = await desk();
    await using smtp = await SmtpPeer.start();
    await using hospital = await openPatientHospital(
      world,
      {
        registrationDesk: {
          webhook: webhook.url,
          email: { to: ['desk@hospital.example'], from: 'ductus@hospital.example', smtp: { env: 'SMTP' } },
        },
      },
      {},
      { secrets: { SMTP: smtp.url } },
    );
    webhook.refuse = 1;
    hospital.roche.faults.order('patient-too-long');
    const { work, change } = await say(hospital, {
      event: 'A04',
      number: '100',
      family: 'Geheim',
      minute: 1,
      controlId: 'MSG-7',
    });
    const status = await patientStage(hospital, work, 'parked');
    expect(status).toEqual({
      stage: 'parked',
      waiting: 1,
      errorCode: 'DUCTUS_PATIENT_REFUSED',
      errorMessage: expect.stringContaining('too-long'),
      element: 'Patient.identifier.value',
    });
    await until(() => webhook.reports.length === 1 && smtp.messages.length === 1, WAIT_MS, 'the reports');
    expect(webhook.reports[0]).toMatchObject({
      kind: 'patient-refused',
      id: change.id,
      organization: hospital.organizationId,
      controlId: 'MSG-7',
      event: 'A04',
      work,
      ...TOO_LONG,
    });
    const mail = smtp.messages[0] ?? '';
    expect(mail).toContain('Subject: Roche refuses a patient: message MSG-7, Patient.identifier.value');
    expect(mail).toContain('DUCTUS_PATIENT_REFUSED');
    for (const text of [JSON.stringify(webhook.reports), mail]) {
      expect(text).not.toMatch(/Geheim|Max|1970|Ulm/);
      expect(text).not.toContain('"100"');
    }
    expect(hospital.logLines.join()).not.toMatch(/Geheim|19700102/);
    const [row] = await rows(hospital, 'select state, error_code as code, element, control_id from patient_change');
    expect(row).toEqual({ state: 'parked', control_id: 'MSG-7', ...TOO_LONG });

    await sayAndEnd(hospital, { number: '100', family: 'Neu', minute: 2 });
    expect(taken(hospital)).toEqual(['create 100 Neu']);
    expect(await states(hospital)).toEqual(['A04 superseded', 'A08 created']);
    expect(await rows(hospital, `select code from alert where cleared_at is null`)).toEqual([]);
  });

  it('should keep the diagnosis of what was refused when the next message has none', async () => {
    await using hospital = await openPatientHospital(world);
    hospital.roche.faults.order('patient-required');
    const segments = ['DG1|1||E10.9^Typ 1^I10|||F'];
    const { work } = await say(hospital, { event: 'A04', number: '100', minute: 1, segments });
    await patientStage(hospital, work, 'parked');
    await sayAndEnd(hospital, { number: '100', family: 'Neu', minute: 2 });
    expect(JSON.stringify(hospital.roche.patientStats().patients)).toContain('46635009');
  });

  it('should stay parked when an older message comes', async () => {
    await using hospital = await openPatientHospital(world);
    hospital.roche.faults.order('patient-invalid');
    const { work } = await say(hospital, { number: '100', family: 'Neu', minute: 30 });
    await patientStage(hospital, work, 'parked');
    await say(hospital, { number: '100', family: 'Alt', minute: 10 });
    await until(async () => (await states(hospital)).length === 2, WAIT_MS, 'the older one is taken up');
    expect((await states(hospital)).sort()).toEqual(['A08 parked', 'A08 taken']);
    await repairPatient(hospital, work, { action: 'retry', ...decidedBy });
    await ended(hospital, work);
    expect(taken(hospital)).toEqual(['create 100 Neu']);
    expect((await states(hospital)).sort()).toEqual(['A08 created', 'A08 superseded']);
  });

  it('should go again or be discarded as an operator decides, and refuse to skip', async () => {
    await using hospital = await openPatientHospital(world);
    hospital.roche.faults.order('patient-structure');
    const { work } = await say(hospital, { number: '100', minute: 1 });
    await patientStage(hospital, work, 'parked');
    const skip = repairPatient(hospital, work, { action: 'skip', resources: [], ...decidedBy });
    await expect(skip).rejects.toMatchObject({ cause: { message: expect.stringContaining('sent as a whole') } });
    await repairPatient(hospital, work, { action: 'retry', ...decidedBy });
    await ended(hospital, work);
    expect(atRoche(hospital)).toEqual(['100 Muster']);

    hospital.roche.faults.order('patient-invalid');
    await say(hospital, { number: '100', family: 'Falsch', minute: 2 });
    await patientStage(hospital, work, 'parked');
    await repairPatient(hospital, work, { action: 'discard', ...decidedBy });
    await ended(hospital, work);
    expect(atRoche(hospital)).toEqual(['100 Muster']);
    expect(await states(hospital)).toEqual(['A08 created', 'A08 discarded']);
    const decisions = await rows(hospital, `select action, by, reason, notification_id from decision order by id`);
    expect(decisions).toEqual([
      { action: 'retry', by: 'night-shift', reason: 'a test', notification_id: work },
      { action: 'discard', by: 'night-shift', reason: 'a test', notification_id: work },
    ]);
    // What comes after a discard is sent as if nothing had been.
    await sayAndEnd(hospital, { number: '100', family: 'Richtig', minute: 3 });
    expect(atRoche(hospital)).toEqual(['100 Richtig']);
  });

  it('should be parked as a duplicate when Roche has the e-mail address of somebody else', async () => {
    await using hospital = await openPatientHospital(world);
    const more = '19700102|M|||||^NET^Internet^max@muster.example';
    await sayAndEnd(hospital, { number: '100', minute: 1, more });
    const { work } = await say(hospital, { number: '200', minute: 2, more });
    expect(await patientStage(hospital, work, 'parked')).toMatchObject({ errorCode: 'DUCTUS_PATIENT_DUPLICATE' });
    await sayAndEnd(hospital, { number: '200', minute: 3 });
    expect(atRoche(hospital)).toEqual(['100 Muster', '200 Muster']);
  });

  it('should be seen and decided by the command line, with its story', async () => {
    await using hospital = await openPatientHospital(world);
    using folder = temporaryFolder();
    const operator = operatorOf(hospital, folder.path);
    hospital.roche.faults.order('patient-invalid');
    const { work } = await say(hospital, {
      event: 'A04',
      number: '100',
      family: 'Geheim',
      minute: 1,
      controlId: 'MSG-9',
    });
    await patientStage(hospital, work, 'parked');
    const { lines } = await operator.json('parked', 'list');
    expect(lines).toMatchObject([{ workflowId: work, code: 'DUCTUS_PATIENT_REFUSED', notificationId: 'MSG-9' }]);
    const shown = await operator.run('parked', 'show', work);
    expect(shown.stdout).toContain('element Patient.birthDate');
    expect(shown.stdout).toContain('what to do');
    const retried = await operator.run('parked', 'retry', work, '--reason', 'corrected at Roche');
    expect(retried).toMatchObject({ status: 0 });
    await ended(hospital, work);
    const { stdout } = await operator.run('trace', 'MSG-9');
    for (const text of [
      'the HIS sent A04 MSG-9 (his)',
      'taken up: taken',
      'sendPatient failed for good after 1 attempt: DUCTUS_PATIENT_REFUSED',
      'retry by',
      'Roche has the patient: created',
      'A04 MSG-9 (his) created',
    ]) {
      expect(stdout).toContain(text);
    }
    expect(stdout).not.toContain('Geheim');
    // Where the ledger does not know the work yet, the history does.
    expect((await operator.run('trace', work)).stdout).toContain('Roche has the patient: created');
  });

  it('should be parked over a new run', async () => {
    await using hospital = await openPatientHospital(world);
    hospital.roche.faults.order('patient-invalid');
    const connection = 'one';
    const { work } = await say(hospital, { number: '100', family: 'Neu', minute: 30, connection });
    await patientStage(hospital, work, 'parked');
    // Older ones: they change nothing, but make the history long.
    for (let sequence = 1; sequence <= 120; sequence += 1) {
      await say(hospital, { number: '100', family: 'Alt', minute: 1, connection: 'two', sequence });
    }
    const query = `WorkflowId = "${work}" AND ExecutionStatus = "ContinuedAsNew"`;
    await until(async () => (await hospital.client.workflow.count(query)).count > 0, WAIT_MS, 'a run that went on');
    expect(await patientStage(hospital, work, 'parked')).toMatchObject({ errorCode: 'DUCTUS_PATIENT_REFUSED' });
    await repairPatient(hospital, work, { action: 'retry', ...decidedBy });
    await ended(hospital, work);
    expect(atRoche(hospital)).toEqual(['100 Neu']);
  });
});
