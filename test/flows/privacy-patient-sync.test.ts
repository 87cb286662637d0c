/**
 * Privacy of patient sync: a HIS names patients at each of its doors, rightly and wrongly, and a Roche that refuses quotes them.
 * What was planted may then stand in clear nowhere but in the columns of the registry and of the cross-reference
 * (`CLINICAL_TABLES`): not in answers, logs, histories, traces, reports to the desk, or what operators see without `--numbers`.
 */
import path from 'node:path';
import { request } from 'undici';
import { SECRETS } from '../support/config';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { HisClient } from '../support/his-client';
import { decidedBy, WAIT_MS } from '../support/hospital-steps';
import { operatorOf } from '../support/operator';
import { ended, patientStage, repairPatient, rows } from '../support/patient-steps';
import { CLINICAL_TABLES, databaseText, everything, found, PATIENT, PLANTED, rawHistories } from '../support/planted';
import { startScriptedServer } from '../support/scripted-server';
import { testTemporalAddress } from '../support/temporal';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';

const folder = temporaryFolder();
let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(async () => {
  await world.stop();
  folder[Symbol.dispose]();
});

const QUOTE = `${PATIENT.family} ${PATIENT.id} ${PATIENT.birthDate} ${PLANTED.value}`;

function call(hospital: Hospital, route: string, body?: string) {
  return request(`${hospital.url}${route}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  });
}

/** Roche as it may be: refuses the first create, the first update and a look-up, and quotes what it was sent. Under v1 its id is the number. */
async function startQuotingRoche() {
  const seen = new Map<string, number>();
  return startScriptedServer(({ method, body }, response) => {
    const count = (seen.get(method) ?? 0) + 1;
    seen.set(method, count);
    const quoting = `${QUOTE} ${PLANTED.phone} ${body.toString('utf8')}`;
    const issue = { severity: 'error', details: { text: quoting }, diagnostics: quoting, expression: [QUOTE] };
    const answer = (status: number, value: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (count === 1 && method === 'POST') return answer(400, { issue: [{ ...issue, code: 'invalid' }] });
    if (count === 2 && method === 'POST') return answer(500, { issue: [{ ...issue, code: 'exception' }] });
    if (count === 1 && method === 'PUT') return answer(422, { status: 'error', detail: quoting });
    if (count === 1 && method === 'GET') return answer(500, { error: quoting });
    if (method === 'GET') return answer(404, { issue: [{ ...issue, code: 'not-found' }] });
    if (method === 'PUT') return void response.end();
    return answer(200, { resourceType: 'Patient', id: PATIENT.id });
  }, undefined);
}

it('should leave nothing of the patients of a HIS in clear, at whatever door they come and whatever Roche says of them', async () => {
  await using roche = await startQuotingRoche();
  await using others = await startScriptedServer((_request, response) => void response.end('{}'), undefined);
  const at = (route: string): string => `http://127.0.0.1:${String(others.port)}${route}`;
  await using hospital = await openHospital(world, {
    patientSync: {
      fhirUrl: `http://127.0.0.1:${String(roche.port)}/`,
      apiVersion: 'v1',
      mllp: [{ name: 'adt', host: '127.0.0.1', port: 0 }],
      http: { token: { env: 'READER' } },
      registrationDesk: { webhook: at('/desk') },
      pause: { afterFailures: 9 },
    },
    traces: { endpoint: at('/v1/traces'), ratio: 1 },
  });
  const { organizationId: organization } = hospital;
  await using his = await HisClient.connect(hospital.ductus.mllp[0]?.port ?? 0);
  const said: string[] = [];
  const adt = (event: string, id: string, minute: number, change: Readonly<Record<number, string>> = {}): string => {
    const pid: Record<number, string> = {
      3: `${PATIENT.id}^^^H^MR`,
      5: `${PATIENT.family}^${PATIENT.given}`,
      7: PATIENT.birthDate.replaceAll('-', ''),
      8: 'F',
      11: `${PLANTED.street}^^Ulm^^89073^DE`,
      13: `^PRN^PH^^^^^^^^^${PLANTED.phone}~^NET^Internet^${PLANTED.mail}`,
      ...change,
    };
    const fields = Array.from({ length: 13 }, (_, at) => pid[at + 1] ?? '');
    const time = `2026110108${String(minute).padStart(2, '0')}00`;
    return [
      `MSH|^~\\&|HIS|H|D|R|${time}||ADT^${event}|${id}|P|2.5.1`,
      `PID|${fields.join('|')}`,
      ...(event === 'A40' ? [`MRG|${PLANTED.mrn}^^^H^MR`] : []),
      '',
    ].join('\r');
  };
  const ask = async (message: string, answer: string): Promise<void> => {
    const got = await his.ask(message);
    expect(/MSA\|(\w\w)/.exec(got)?.[1]).toBe(answer);
    said.push(got);
  };

  // Taken, and refused by Roche; corrected; updated, which Roche refuses as well; merged.
  await ask(adt('A04', 'P1', 1), 'AA');
  const work = await until(
    async () => (await rows<{ id: string }>(hospital, 'select workflow_id as id from patient_change'))[0]?.id,
    WAIT_MS,
    'the work',
  );
  await patientStage(hospital, work, 'parked');
  const operator = operatorOf(hospital, path.join(folder.path, 'his-operator'));
  const run = async (...args: string[]): Promise<void> => {
    const { stdout, stderr } = await operator.run(...args);
    expect(`${stdout}${stderr}`).not.toBe('');
    said.push(stdout, stderr);
  };
  await run('parked', 'show', work);
  await run('patients', 'worklist');
  await until(() => others.requests.some(({ path: route }) => route === '/desk'), WAIT_MS, 'the report');
  await repairPatient(hospital, work, { action: 'retry', ...decidedBy });
  await ended(hospital, work);
  await ask(adt('A08', 'P2', 2, { 8: 'U' }), 'AA');
  await patientStage(hospital, work, 'parked');
  await ask(adt('A40', 'P3', 3), 'AA');
  await ended(hospital, work);

  // What is wrong is named, and not quoted; so is what is nothing.
  await ask(adt('A08', 'P4', 4, { 7: QUOTE }), 'AE');
  await ask(adt('A08', 'P5', 5, { 8: PATIENT.family }), 'AE');
  await ask(adt('A08', 'P2', 6, { 8: 'M' }), 'AE');
  await ask(adt(PATIENT.family, 'P6', 7), 'AR');
  await ask(`PID|1||${PATIENT.id}||${PATIENT.family}`, 'AE');
  his.socket.write(Buffer.from(`${PATIENT.family} ${PATIENT.id}`));
  await ask(adt('A08', 'P7', 8, { 3: `${PATIENT.id}\u0000^^^H^MR` }), 'AE');

  // A HIS whose FHIR ids are the numbers, with a token and without; broken JSON; a name where a date belongs.
  const resource = {
    resourceType: 'Patient',
    id: PATIENT.id,
    identifier: [{ value: PATIENT.id, type: { coding: [{ code: 'MR' }] }, system: 'H' }],
    name: [{ family: PATIENT.family, given: [PATIENT.given] }],
    birthDate: PATIENT.birthDate,
  };
  const fhir = async (body: string, status: number, token = SECRETS['READER'] ?? ''): Promise<void> => {
    const answer = await request(`${hospital.url}/his/fhir/Patient/${PATIENT.id}?family=${PATIENT.family}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
      body,
    });
    said.push(await answer.body.text());
    expect(answer.statusCode).toBe(status);
  };
  await fhir(JSON.stringify(resource), 202);
  await fhir(JSON.stringify(resource), 401, PLANTED.receiptHandle);
  await fhir(JSON.stringify(resource).slice(0, -20), 400);
  await fhir(JSON.stringify({ ...resource, birthDate: QUOTE, [PATIENT.family]: PATIENT.id }), 422);
  await fhir(JSON.stringify({ ...resource, id: PLANTED.mrn }), 400);

  // Operators look, without numbers.
  await run('trace', 'P1');
  await run('trace', work);
  await run('parked', 'list');
  await run('patients', 'list', '--organization', organization, '--each');
  await run('patients', 'show', work, '--organization', organization);
  await run('patients', 'worklist');
  await run('audit', 'list', '--limit', '1000');
  const unknown = { organization, reason: 'a test', consent: 'given', patients: [{ number: PLANTED.serial }] };
  for (const [route, body] of [
    ['/operations/patients/registered', undefined],
    ['/operations/patients/worklist', undefined],
    ['/operations/patients/show', JSON.stringify({ organization, patient: work })],
    ['/operations/patients/consent', JSON.stringify(unknown)],
    ['/operations/patients/consent', `{"organization":"${organization}","patients":[{"number":"${PATIENT.id}`],
    ['/operations/patients/resend', JSON.stringify({ organization, reason: 'a test', patients: [`${PATIENT.id}/x`] })],
  ] as const) {
    const answer = await call(hospital, route, body);
    const text = await answer.body.text();
    // What was asked for by a caller who took a number for a hash comes back to that caller alone.
    if (!route.endsWith('resend')) said.push(text);
  }
  const metrics = await (await request(`${hospital.url}/metrics`)).body.text();
  const histories = await rawHistories(testTemporalAddress(), hospital.config.temporal.taskQueue);
  await hospital.ductus.stop();

  const sent = roche.requests.map(({ body }) => body.toString('utf8')).join('');
  for (const planted of [PATIENT.family, PATIENT.id, PLANTED.phone, PLANTED.street, PLANTED.mail]) {
    expect(found(sent)).toContain(planted);
  }
  // The columns of the numbers, and of Roche's id, which is the number under v1.
  const registered = await rows<{ row: string }>(
    hospital,
    `select (to_jsonb(p) - 'number' - 'roche_patient_id')::text as row from patient p`,
  );
  const places: Readonly<Record<string, string>> = {
    logs: hospital.logLines.join(''),
    metrics,
    histories,
    'answers and outputs': said.join('\n'),
    'desk and traces': others.requests.map(({ path: route, body }) => `${route} ${body.toString('utf8')}`).join('\n'),
    registry: registered.map(({ row }) => row).join('\n'),
    tables: await databaseText(hospital.storeUrl, CLINICAL_TABLES),
    blobs: everything(hospital.config.dataDir),
  };
  for (const [place, text] of Object.entries(places)) {
    const looked = place === 'blobs' || text.length > 200;
    expect({ place, looked, found: found(text) }).toEqual({ place, looked: true, found: [] });
  }
  expect(places['desk and traces']).toContain('patient-refused');
  expect(places['tables']).toContain('P1');
});
