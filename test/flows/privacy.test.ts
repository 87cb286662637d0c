/**
 * Privacy: planted names, numbers and secrets are looked for in everything that Ductus leaves behind. In clear they may
 * be nowhere: not in logs, raw histories, search attributes, metrics, blobs or the database. All flows, all kinds of
 * destinations and the servers' own files: privacy-everywhere.test.ts.
 */
import { request } from 'undici';
import { bgBundle } from '../../simulators/roche-dc/sample-data';
import { SECRETS } from '../support/config';
import { openHospital, startWorld, type World } from '../support/ductus';
import { acknowledged, decidedBy, parked, repair, result, share } from '../support/hospital-steps';
import { CLINICAL_TABLES, databaseText, everything, found, PATIENT, PLANTED, rawHistories } from '../support/planted';
import { testTemporalAddress } from '../support/temporal';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

it('should leave no name, number or secret in clear anywhere', async () => {
  await using hospital = await openHospital(world, { destination: { maxObservationsPerMessage: 2 } });
  hospital.emr.script({ answer: { kind: 'AA' } });
  hospital.emr.script({
    answer: { kind: 'AE', errorCode: '102', errorLocation: 'PID^1^5', errorText: `${PATIENT.family} is not known` },
  });
  hospital.roche.faults.order('token-500');
  const file = bgBundle({ patient: PATIENT, count: 5, seed: 1, insulin: 1 });
  const rejected = await share(hospital, file);
  await parked(hospital, rejected.messageId);
  await repair(hospital, rejected.messageId, { action: 'skip', resources: [], ...decidedBy });
  await result(hospital, rejected.messageId);

  hospital.roche.faults.order('s3-expired-url');
  const expired = await share(hospital, { ...file, id: 'b' }, { option: 'presigned-url' });
  await parked(hospital, expired.messageId);
  await hospital.roche.repeat(expired.messageId);
  await result(hospital, expired.messageId);

  // Broken in the middle of a name: what a parser says of it must not quote it.
  const text = JSON.stringify(file);
  const invalid = await share(hospital, text.slice(0, text.indexOf(PATIENT.family) + PATIENT.family.length));
  await parked(hospital, invalid.messageId);
  await acknowledged(hospital, 2);

  // It was really there: the EMR has it in clear.
  expect((await hospital.emr.frames()).map((frame) => frame.bytes.toString('latin1')).join('')).toContain(
    PATIENT.family,
  );

  const metrics = await (await request(`${hospital.url}/metrics`)).body.text();
  const operations = await (
    await request(`${hospital.url}/operations/parked`, {
      headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}` },
    })
  ).body.text();
  const places: Record<string, string> = {
    logs: hospital.logLines.join(''),
    histories: await rawHistories(testTemporalAddress(), hospital.config.temporal.taskQueue),
    metrics,
    operations,
    blobs: everything(hospital.config.dataDir),
    database: await databaseText(hospital.storeUrl),
  };
  // The search does look into the bytes of payloads: it finds their encodings.
  const encodings = ['json/plain', 'binary/encrypted'].filter((encoding) => places['histories']?.includes(encoding));
  expect(encodings).toHaveLength(2);
  for (const [place, text] of Object.entries(places)) {
    expect({ place, looked: text.length > 200, found: found(text) }).toEqual({ place, looked: true, found: [] });
  }
});

it('should leave the hospital’s own number in the cross-reference, and nowhere else', async () => {
  await using hospital = await openHospital(world, { organization: { patientIdentity: { source: 'registry' } } });
  const { mrn } = PLANTED;
  const unknown = await share(hospital, bgBundle({ patient: PATIENT, count: 1, seed: 2 }));
  await parked(hospital, unknown.messageId);
  const order = {
    organization: hospital.organizationId,
    reason: 'a test',
    patients: [{ sourceSystem: PATIENT.system, sourceValue: PATIENT.id, mrn }],
  };
  const call = (path: string, body: object) =>
    request(`${hospital.url}/operations/patients/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const imported = await call('import', order);
  expect(imported.statusCode).toBe(200);
  const answers = [imported, await call('import', { ...order, patients: [{ ...order.patients[0], mrn: `${mrn}X` }] })];
  await repair(hospital, unknown.messageId, { action: 'retry', from: 'transform', ...decidedBy });
  await result(hospital, unknown.messageId);
  const removed = { sourceSystem: PATIENT.system, sourceValue: PATIENT.id };

  expect((await hospital.emr.frames()).map((frame) => frame.bytes.toString('latin1')).join('')).toContain(mrn);
  // Where it may be: to send it, it has to be known.
  expect(await databaseText(hospital.storeUrl)).toContain(mrn);
  answers.push(await call('remove', { ...order, patients: [removed] }));
  const places: Record<string, string> = {
    logs: hospital.logLines.join(''),
    histories: await rawHistories(testTemporalAddress(), hospital.config.temporal.taskQueue),
    metrics: await (await request(`${hospital.url}/metrics`)).body.text(),
    answers: (await Promise.all(answers.map(({ body }) => body.text()))).join('\n'),
    blobs: everything(hospital.config.dataDir),
    database: await databaseText(hospital.storeUrl, CLINICAL_TABLES),
  };
  for (const [place, text] of Object.entries(places)) {
    expect({ place, looked: text.length > 100, found: found(text) }).toEqual({ place, looked: true, found: [] });
  }
  expect(found(await databaseText(hospital.storeUrl))).toEqual([]);
});
