/**
 * Privacy of all flows at once: all data types and reports, four kinds of destinations that refuse and quote the data, a
 * mapping module of the site that fails, the cross-reference of patients, a redelivery, and callers who get it wrong. What was
 * planted may then stand in clear nowhere but in the columns of the cross-reference (`CLINICAL_TABLES`), not even in the
 * files of the servers. The audit says who got whose data, without saying the number.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { Client as PostgresClient } from 'pg';
import { request } from 'undici';
import { EmrHttpSimulator } from '../../simulators/emr-http/emr-http-simulator';
import { FhirServerSimulator } from '../../simulators/fhir-server/fhir-server-simulator';
import { diaryBundle } from '../../simulators/roche-dc/sample-diary';
import { sampleReport } from '../../simulators/roche-dc/sample-report';
import type { DataSharingStatus } from '../../src/domain/data-sharing';
import { createAuditLog } from '../../src/runtime/audit';
import { openStore } from '../../src/store/database';
import { SECRETS } from '../support/config';
import { EMR_OID, openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { decidedBy, parked, repair, result, share, WAIT_MS } from '../support/hospital-steps';
import { operatorOf } from '../support/operator';
import {
  CLINICAL_TABLES,
  databaseText,
  everything,
  found,
  IN_CLINICAL_COLUMNS,
  PATIENT,
  PLANTED,
  rawHistories,
} from '../support/planted';
import { startScriptedServer } from '../support/scripted-server';
import { difference, redelivered, restartWith, signOff } from '../support/redelivery-steps';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';

const folder = temporaryFolder();
let temporal: TestTemporal;
let world: World;
beforeAll(async () => {
  temporal = await startTemporal({ dir: path.join(folder.path, 'temporal-data') });
  world = await startWorld(temporal.address);
});
afterAll(async () => {
  await world.stop();
  await temporal.stop();
  folder[Symbol.dispose]();
});

const QUOTE = `${PATIENT.family} ${PATIENT.id} ${PATIENT.birthDate} ${PLANTED.value}`;
const SITE_FAILS = 'the module fails';
/** A module that quotes what it was given. */
const MODULE = `exports.mapping = { item(item) {
  const text = JSON.stringify(item);
  if (text.includes('${SITE_FAILS}')) throw new Error(text);
  return item;
} };`;

/** A diary with planted values: a reading, a comment, and the number of a device. */
function diary(seed: number, comment: string): string {
  const bundle = diaryBundle({ patient: PATIENT, seed, start: '2026-01-05T07:00:00Z', meals: 2, sensorReadings: 2 });
  for (const { resource } of bundle.entry ?? []) {
    if (resource === undefined || !('valueQuantity' in resource) || resource.valueQuantity === undefined) continue;
    Object.assign(resource, { comment });
    resource.valueQuantity.value = Number(PLANTED.value);
  }
  const text = JSON.stringify(bundle).replaceAll('SIMULATED-', PLANTED.serial);
  // What is not there cannot leak.
  for (const planted of [PLANTED.serial, PLANTED.value, comment]) expect(text).toContain(planted);
  return text;
}

async function openAll() {
  const web = new EmrHttpSimulator({});
  const fhir = new FhirServerSimulator();
  const inbox = path.join(folder.path, 'inbox');
  const module = path.join(folder.path, 'mapping.js');
  mkdirSync(inbox);
  writeFileSync(module, MODULE);
  await Promise.all([web.start(), fhir.start()]);
  const collector = await startScriptedServer((_request, response) => void response.end('{}'), undefined);
  const hospital = await openHospital(world, {
    organization: { patientIdentity: { source: 'registry' } },
    destination: { mapping: { module } },
    traces: { endpoint: `http://127.0.0.1:${String(collector.port)}/v1/traces`, ratio: 1 },
    destinations: {
      web: { kind: 'http', url: web.url },
      fhir: { kind: 'fhir', url: fhir.url },
      inbox: { kind: 'file', folder: inbox, format: 'fhir' },
    },
  });
  return {
    hospital,
    web,
    fhir,
    inbox,
    collector,
    async [Symbol.asyncDispose]() {
      await hospital[Symbol.asyncDispose]();
      await Promise.all([web.stop(), fhir.stop(), collector[Symbol.asyncDispose]()]);
    },
  };
}

/** Decides `retry` until it is over. @returns the codes with which it was parked */
async function retriedUntilDone(
  { hospital }: Pick<Awaited<ReturnType<typeof openAll>>, 'hospital'>,
  messageId: string,
): Promise<string[]> {
  const codes: string[] = [];
  const handle = hospital.client.workflow.getHandle(hospital.workflowId(messageId));
  for (;;) {
    const now = await until(
      async () => {
        const { status } = await handle.describe();
        if (status.name !== 'RUNNING') return 'over';
        const seen = await handle.query<DataSharingStatus>('status');
        return seen.stage === 'parked' ? seen : undefined;
      },
      WAIT_MS,
      'parking or the end',
    );
    if (now === 'over') return codes;
    try {
      await repair(hospital, messageId, { action: 'retry', ...decidedBy });
      codes.push(now.errorCode ?? '');
    } catch (error) {
      // The decision before it is still being written down: look again.
      if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    }
  }
}

function call(hospital: Hospital, route: string, body?: string, token = SECRETS['OPERATOR'] ?? '') {
  return request(`${hospital.url}${route}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  });
}

/** A notification of nobody's simulator, with a handle and a URL of ours. */
async function notify(hospital: Hospital, more: object): Promise<number> {
  const answer = await request(`${hospital.url}/roche/notifications`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`roche-client:${SECRETS['PASSWORD'] ?? ''}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      EmrOid: EMR_OID,
      MessageType: 'Clinical Data',
      MessageCreatedAt: '1767225600000',
      MessageReceiptHandle: PLANTED.receiptHandle,
      ...more,
    }),
  });
  await answer.body.dump();
  return answer.statusCode;
}

it('should find what is planted, in whatever form it stands', () => {
  const around = (text: string) => [`<${text}>`, `${text}xx`, `x${text}`, `xy${text}z`];
  for (const text of [PATIENT.family, PATIENT.id, PLANTED.mrn, PLANTED.value, SECRETS['OPERATOR'] ?? '']) {
    for (const each of around(text)) {
      expect(found(each)).toContain(text);
      expect(found(Buffer.from(each).toString('base64'))).toContain(text);
      expect(found(Buffer.from(each).toString('hex'))).toContain(text);
    }
  }
  expect(found('nothing of it')).toEqual([]);
});

it('should leave nothing of a patient and no secret in clear, whatever happens, and say in the audit who got what', async () => {
  await using all = await openAll();
  const { hospital, web, fhir } = all;
  const answers: string[] = [];
  const ask = async (...args: Parameters<typeof call>): Promise<number> => {
    const { statusCode, body } = await call(...args);
    answers.push(await body.text());
    return statusCode;
  };

  // The patient is not known; then it is. Each destination refuses once, and quotes what it was sent.
  const data = await share(hospital, diary(1, PLANTED.comment));
  await parked(hospital, data.messageId);
  const entry = { sourceSystem: PATIENT.system, sourceValue: PATIENT.id, mrn: PLANTED.mrn };
  const order = { organization: hospital.organizationId, reason: 'a test' };
  expect(await ask(hospital, '/operations/patients/import', JSON.stringify({ ...order, patients: [entry] }))).toBe(200);
  hospital.emr.script({ answer: { kind: 'AE', errorCode: '102', errorLocation: 'PID^1^5', errorText: QUOTE } });
  web.scriptStatus({ status: 400, body: QUOTE });
  fhir.script({
    kind: 'status',
    status: 422,
    outcome: { code: 'business-rule', expression: [QUOTE], diagnostics: QUOTE },
  });
  const codes = await retriedUntilDone(all, data.messageId);
  expect(codes[0]).toBe('DUCTUS_PATIENT_UNKNOWN');
  expect(codes).toContain('DUCTUS_EMR_REJECTED');

  const report = sampleReport({ patient: PATIENT, seed: 2, finding: PLANTED.finding, title: PLANTED.title });
  const reported = await hospital.roche.share({
    organization: EMR_OID,
    bundle: report,
    option: 'access-point',
    messageType: 'Clinical Report',
  });
  expect(await retriedUntilDone(all, reported.messageId)).toEqual([]);

  // The site's module throws what it was given; a file breaks off in a name; a report is no report.
  const failing = await share(hospital, diary(3, `${PLANTED.comment} ${SITE_FAILS}`));
  expect(await parked(hospital, failing.messageId)).toMatchObject({ errorCode: 'DUCTUS_SITE_MAPPING_FAILED' });
  const broken = diary(4, PLANTED.comment);
  const cut = await share(hospital, broken.slice(0, broken.indexOf(PATIENT.family) + PATIENT.family.length));
  await parked(hospital, cut.messageId);
  const notReport = await hospital.roche.share({
    organization: EMR_OID,
    bundle: report.toString().replace('</patient>', `</${PATIENT.family}>`),
    option: 'access-point',
    messageType: 'Clinical Report',
  });
  await parked(hospital, notReport.messageId);
  for (const { messageId } of [failing, cut, notReport]) {
    await repair(hospital, messageId, { action: 'discard', ...decidedBy });
    await result(hospital, messageId);
  }

  // A handle that Roche refuses, a signed URL that leads nowhere.
  expect(
    await notify(hospital, { MessageId: data.messageId, MessageReference: { accesspoint: 'x', objectKey: 'y' } }),
  ).toBe(202);
  const url = `https://localhost:1/file?X-Amz-Signature=${PLANTED.signature}`;
  expect(await notify(hospital, { MessageId: 'planted-url', MessageReference: { url } })).toBe(202);
  await until(() => hospital.logLines.some((line) => line.includes('"retrieveFile"')), WAIT_MS, 'a failed fetch');

  // After a "fix": the difference, which shows values, and its sign-off.
  await restartWith(world, hospital, { hl7: { patientAssigningAuthority: 'NEW' } });
  const { digest } = await difference(hospital, { notifications: [data.messageId] });
  await signOff(hospital, digest);
  expect(await redelivered(hospital, data.messageId, digest)).toEqual({ outcome: 'delivered' });

  // Callers who get it wrong.
  expect(await ask(hospital, `/operations/work/${encodeURIComponent(QUOTE)}`)).toBe(404);
  expect(await ask(hospital, `/operations/parked?code=${encodeURIComponent(QUOTE)}`)).toBe(400);
  expect(await ask(hospital, '/operations/patients/import', `{"organization":"${PATIENT.family}`)).toBe(400);
  expect(
    await ask(
      hospital,
      '/operations/patients/import',
      JSON.stringify({ ...order, patients: [{ ...entry, [PATIENT.id]: QUOTE }] }),
    ),
  ).toBe(400);
  expect(
    await ask(
      hospital,
      '/operations/patients/import',
      JSON.stringify({ ...order, patients: [{ ...entry, mrn: `${PLANTED.mrn}X` }] }),
    ),
  ).toBe(409);
  expect(await ask(hospital, '/operations/audit/search', JSON.stringify({ patient: PATIENT.id }))).toBe(403);
  expect(await ask(hospital, '/operations/parked', undefined, PLANTED.receiptHandle)).toBe(401);
  expect(await notify(hospital, { MessageId: QUOTE, MessageReference: { url } })).toBe(400);
  const csv = path.join(folder.path, 'patients.csv');
  writeFileSync(
    csv,
    `source_system,source_value,mrn,assigning_authority,identifier_type\n${PATIENT.system},${PATIENT.id},${PLANTED.mrn},^^${PATIENT.family},\n`,
  );
  const operator = operatorOf(hospital, path.join(folder.path, 'operator'));
  for (const args of [
    ['patients', 'import', csv, '--organization', hospital.organizationId],
    ['parked', 'list'],
    ['parked', 'show', hospital.workflowId(failing.messageId)],
    ['audit', 'list', '--limit', '1000'],
    ['audit', 'export'],
    ['audit', 'verify'],
  ]) {
    const { stdout, stderr } = await operator.run(...args);
    expect(`${stdout}${stderr}`).not.toBe('');
    answers.push(stdout, stderr);
  }

  // It was really there: the destinations have it in clear, and the cross-reference has the numbers.
  const delivered =
    (await hospital.emr.frames()).map(({ bytes }) => bytes.toString('latin1')).join('') + everything(all.inbox);
  for (const planted of [PATIENT.family, PLANTED.mrn, PLANTED.value, PLANTED.comment, PLANTED.finding]) {
    expect(found(delivered)).toContain(planted);
  }
  expect(found(await databaseText(hospital.storeUrl)).sort()).toEqual([...IN_CLINICAL_COLUMNS].sort());

  const metrics = await (await request(`${hospital.url}/metrics`)).body.text();
  // A stop sends the traces that are left, and ends what still writes.
  await hospital.ductus.stop();
  const postgres = new PostgresClient({ connectionString: hospital.storeUrl });
  await postgres.connect();
  await postgres.query('checkpoint');
  await postgres.end();
  const places: Readonly<Record<string, readonly [text: string, allowed?: readonly string[]]>> = {
    logs: [hospital.logLines.join('')],
    metrics: [metrics],
    traces: [all.collector.requests.map(({ body }) => body.toString('utf8')).join('\n')],
    histories: [await rawHistories(temporal.address, hospital.config.temporal.taskQueue)],
    'files of Temporal': [everything(path.join(folder.path, 'temporal-data'))],
    'answers and outputs': [answers.join('\n')],
    blobs: [everything(hospital.config.dataDir)],
    tables: [await databaseText(hospital.storeUrl, CLINICAL_TABLES)],
    pg_dump: [world.postgres.dump(hospital.storeUrl, CLINICAL_TABLES)],
    // Pages and log of the cross-reference are among them.
    'files of PostgreSQL': [everything(world.postgres.data), IN_CLINICAL_COLUMNS],
  };
  for (const [place, [text, allowed]] of Object.entries(places)) {
    expect({ place, looked: text.length > 200, found: found(text, allowed) }).toEqual({
      place,
      looked: true,
      found: [],
    });
  }
  // The search looks into payloads and rows: what may be there, it finds.
  expect(places['histories']?.[0]).toContain('binary/encrypted');
  expect(places['traces']?.[0]).toContain('EMR message');
  expect(places['files of PostgreSQL']?.[0]).toContain(PLANTED.mrn);
  expect(places['files of Temporal']?.[0]).toContain(hospital.organizationId);

  const store = openStore({ url: hospital.storeUrl, poolSize: 1 });
  try {
    const audit = createAuditLog(hospital.config, store);
    const officer = { by: 'officer' };
    const deliveries = await audit.list({ patient: PLANTED.mrn, kind: 'delivery' }, officer);
    const { destination, destinationId } = hospital;
    const got = deliveries.filter(({ outcome }) => outcome === 0).map((event) => event.destination);
    expect(new Set(got)).toEqual(
      new Set([destination, ...['web', 'fhir', 'inbox'].map((name) => destinationId.call(hospital, name))]),
    );
    expect(deliveries.filter(({ outcome }) => outcome === 8)).toHaveLength(3);
    // By the number that Roche gives, and by that number in its system: the same.
    for (const patient of [PATIENT.id, `${PATIENT.system}|${PATIENT.id}`]) {
      expect(await audit.list({ patient, kind: 'delivery' }, officer)).toEqual(deliveries);
    }
    expect(await audit.list({ patient: 'another', kind: 'delivery' }, officer)).toEqual([]);
    const kinds = new Set((await audit.list({ limit: 10_000 }, officer)).map(({ kind }) => kind));
    for (const kind of [
      'repair',
      'patients-change',
      'difference-read',
      'redelivery-approval',
      'audit-read',
      'sign-in-failure',
      'access-refused',
    ]) {
      expect(kinds).toContain(kind);
    }
    // As many as the messages that were accepted: none is missing, none double.
    const accepted = await store
      .selectFrom('message')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('state', '=', 'accepted')
      .executeTakeFirstOrThrow();
    expect(
      (await audit.list({ kind: 'delivery', limit: 10_000 }, officer)).filter(({ outcome }) => outcome === 0),
    ).toHaveLength(accepted.count);
  } finally {
    await store.destroy();
  }
});
