import { createCertificates } from '../../../simulators/certificates';
import type { Certificates } from '../../../simulators/certificates';
import { listenForControl } from '../../../simulators/control-server';
import { createRocheControl, RocheControl } from '../../../simulators/roche-dc/control';
import { drawLatencyMs } from '../../../simulators/roche-dc/patients-latency';
import { DOCUMENTED_TIMES } from '../../../simulators/roche-dc/patients-options';
import type { PatientFault } from '../../../simulators/roche-dc/patients-options';
import type { RocheOptions } from '../../../simulators/roche-dc/options';
import type { RocheSimulator } from '../../../simulators/roche-dc/roche-simulator';
import { ORGANIZATION, RocheClient, startSimulator } from './roche-client';
import type { Answer } from './roche-client';

const SYSTEM = 'urn:oid:1.3.6.1.4.1.56221.2.2';
const PROFILES = 'http://roche.com/fhir/rdc/StructureDefinition/';

interface Sample {
  readonly number?: string;
  readonly system?: string;
  readonly family?: string;
  readonly email?: string;
}

function header(): Record<string, unknown> {
  return {
    resourceType: 'MessageHeader',
    meta: { profile: [`${PROFILES}message-header`] },
    event: { system: 'http://roche.com/fhir/rdc/message-type', code: 'new-bundle' },
    timestamp: '2026-03-01T12:00:00Z',
    source: { endpoint: ORGANIZATION.emrOid },
  };
}

function patient({ number = 'MRN-1', system = SYSTEM, family = 'Muster', email }: Sample = {}): Record<
  string,
  unknown
> {
  return {
    resourceType: 'Patient',
    meta: { profile: [`${PROFILES}patient-v2`] },
    identifier: [{ system, value: number }],
    name: [{ family, given: ['Anna'] }],
    ...(email === undefined ? {} : { telecom: [{ system: 'email', value: email }] }),
  };
}

function condition(): Record<string, unknown> {
  return {
    resourceType: 'Condition',
    meta: { profile: [`${PROFILES}condition`] },
    clinicalStatus: 'active',
    code: { coding: [{ system: 'http://snomed.info/sct', code: '46635009' }] },
    subject: { reference: 'urn:uuid:1' },
  };
}

function bundleOf(...resources: object[]): object {
  return { resourceType: 'Bundle', type: 'message', entry: resources.map((resource) => ({ resource })) };
}

function bundle(sample: Sample = {}): object {
  return bundleOf(header(), patient(sample), condition());
}

/** Answers with what it was, when there was one. */
async function tried(answer: Promise<Answer>): Promise<number | 'none'> {
  return answer.then(
    ({ status }) => status,
    () => 'none' as const,
  );
}

interface Created {
  readonly id?: string;
  readonly entry: readonly { readonly resource: { readonly id: string } }[];
}

function created({ text }: Answer): { readonly bundleId: string | undefined; readonly patientId: string } {
  const parsed: Created = JSON.parse(text);
  return { bundleId: parsed.id, patientId: parsed.entry[0]?.resource.id ?? '' };
}

let certificates: Certificates;

beforeAll(async () => {
  certificates = await createCertificates();
});

async function start(
  patients: RocheOptions['patients'] = {},
  more: Partial<RocheOptions> = {},
): Promise<{ simulator: RocheSimulator; client: RocheClient } & AsyncDisposable> {
  const simulator = await startSimulator(certificates, 'http://127.0.0.1:1/', {
    patients: { latencyScale: 0, ...patients },
    ...more,
  });
  const client = new RocheClient(simulator, certificates);
  return {
    simulator,
    client,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await simulator.stop();
    },
  };
}

describe('the patient services of the Roche simulator', () => {
  it('should create, update, read and find a patient by v2', async () => {
    await using roche = await start();
    const { client, simulator } = roche;
    const answer = await client.patients('POST', 'v2/Bundle', bundle());
    expect(answer.status).toBe(200);
    const { bundleId, patientId } = created(answer);
    expect(bundleId).toBeDefined();
    expect(patientId).not.toBe('MRN-1');
    expect(await client.patients('PUT', `v2/Bundle/${patientId}`, bundle({ family: 'Neu' }))).toEqual({
      status: 200,
      text: '',
    });
    const read = await client.patients('GET', `Patient/${patientId}`);
    expect(JSON.parse(read.text)).toMatchObject({ id: patientId, name: [{ family: 'Neu' }] });
    const found = await client.patients('GET', `Patient?identifier=${encodeURIComponent(`${SYSTEM}|MRN-1`)}`);
    expect(JSON.parse(found.text)).toMatchObject({
      type: 'searchset',
      total: 1,
      entry: [{ resource: { id: patientId } }],
    });
    const none = await client.patients('GET', `Patient?identifier=${encodeURIComponent(`${SYSTEM}|MRN-2`)}`);
    expect(JSON.parse(none.text)).toMatchObject({ total: 0 });
    expect(simulator.patientStats()).toMatchObject({
      totals: { patients: 1, creates: 1, updates: 1, unchanged: 0, refusedCreates: 0, overlapping: 0 },
      patients: [{ patientId, identifier: { system: SYSTEM, value: 'MRN-1' }, creates: 1, updates: 1 }],
      accepted: [
        { seq: 1, operation: 'create', patientId, resources: [{ name: [{ family: 'Muster' }] }, {}] },
        { seq: 2, operation: 'update', patientId, resources: [{ name: [{ family: 'Neu' }] }, {}] },
      ],
    });
    expect(simulator.patientStats().accepted.every((one) => one.answeredAtMs !== undefined)).toBe(true);
  });

  it('should name a patient by the number of the hospital under v1', async () => {
    await using roche = await start();
    const { client } = roche;
    expect(created(await client.patients('POST', 'Bundle', bundle({ number: 'MRN/1' }))).patientId).toBe('MRN/1');
    expect((await client.patients('PUT', 'Bundle/MRN%2F1', bundle({ number: 'MRN/1' }))).status).toBe(200);
    expect((await client.patients('GET', 'Patient/MRN%2F1')).status).toBe(200);
    expect(roche.simulator.patientTotals()).toMatchObject({ creates: 1, updates: 1, unchanged: 1 });
  });

  it('should hold identifier and e-mail for unique', async () => {
    await using roche = await start();
    const { client } = roche;
    const second = created(await client.patients('POST', 'v2/Bundle', bundle({ number: '2', email: 'b@example.org' })));
    expect((await client.patients('POST', 'v2/Bundle', bundle({ number: '1', email: 'a@example.org' }))).status).toBe(
      200,
    );
    for (const sample of [{ number: '1' }, { number: '3', email: 'A@example.org' }]) {
      const answer = await client.patients('POST', 'v2/Bundle', bundle(sample));
      expect(answer).toMatchObject({ status: 409 });
      expect(JSON.parse(answer.text)).toMatchObject({
        resourceType: 'OperationOutcome',
        issue: [{ code: 'duplicate' }],
      });
      const update = client.patients('PUT', `v2/Bundle/${second.patientId}`, bundle(sample));
      expect((await update).status).toBe(409);
    }
    expect(roche.simulator.patientTotals()).toMatchObject({ patients: 2, refusedCreates: 1 });
    expect(
      roche.simulator.patientStats().refused.map(({ operation, code, expression }) => [operation, code, expression]),
    ).toEqual([
      ['create', 'duplicate', 'Patient.identifier'],
      ['update', 'duplicate', 'Patient.identifier'],
      ['create', 'duplicate', 'Patient.telecom'],
      ['update', 'duplicate', 'Patient.telecom'],
    ]);
  });

  it('should keep the patients of an organization from another', async () => {
    const other = { emrOid: '2.999.1.2', clientId: 'other', clientSecret: 'other-secret' };
    await using roche = await start({}, { organizations: [ORGANIZATION, other] });
    const { client } = roche;
    const { patientId } = created(await client.patients('POST', 'v2/Bundle', bundle()));
    const asOther = { org_id: other.emrOid, client_id: other.clientId, client_secret: other.clientSecret };
    expect((await client.patients('GET', `Patient/${patientId}`, undefined, asOther)).status).toBe(404);
    expect((await client.patients('PUT', `v2/Bundle/${patientId}`, bundle(), asOther)).status).toBe(404);
  });

  it.each([
    ['no JSON', '{', 'structure', 'Bundle'],
    ['another type', { ...bundle(), type: 'batch' }, 'invalid', 'Bundle.type'],
    ['no MessageHeader', bundleOf(patient()), 'required', 'MessageHeader'],
    ['no Patient', bundleOf(header()), 'required', 'Patient'],
    ['two Patients', bundleOf(header(), patient(), patient({ number: '2' })), 'invalid', 'Bundle.entry'],
    ['no timestamp', bundleOf({ ...header(), timestamp: undefined }, patient()), 'required', 'MessageHeader.timestamp'],
    [
      'no family name',
      bundleOf(header(), { ...patient(), name: [{ given: ['A'] }] }),
      'required',
      'Patient.name[0].family',
    ],
    [
      'no given name',
      bundleOf(header(), { ...patient(), name: [{ family: 'A', given: [] }] }),
      'required',
      'Patient.name[0].given',
    ],
    ['no identifier', bundleOf(header(), { ...patient(), identifier: undefined }), 'required', 'Patient.identifier'],
    ['a system that is not known', bundle({ system: 'urn:oid:1.2.3' }), 'invalid', 'Patient.identifier.system'],
    ['a long number', bundle({ number: '1'.repeat(65) }), 'too-long', 'Patient.identifier.value'],
    ['a wrong gender', bundleOf(header(), { ...patient(), gender: 'F' }), 'invalid', 'Patient.gender'],
    ['a wrong birth date', bundleOf(header(), { ...patient(), birthDate: '19700101' }), 'invalid', 'Patient.birthDate'],
    [
      'another profile',
      bundleOf(header(), { ...patient(), meta: { profile: ['x'] } }),
      'invalid',
      'Patient.meta.profile',
    ],
    [
      'a clinical status of R4',
      bundleOf(header(), patient(), { ...condition(), clinicalStatus: { coding: [] } }),
      'invalid',
      'Condition.clinicalStatus',
    ],
    [
      'a Condition without a code',
      bundleOf(header(), patient(), { ...condition(), code: undefined }),
      'required',
      'Condition.code',
    ],
  ])('should refuse a Bundle with %s and name the element', async (_, body, code, expression) => {
    await using roche = await start();
    const answer = await roche.client.patients('POST', 'v2/Bundle', body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({ issue: [{ severity: 'error', code, expression: [expression] }] });
    expect(roche.simulator.patientTotals()).toMatchObject({ patients: 0, creates: 0 });
  });

  it('should ask for a Condition only when set so', async () => {
    await using lenient = await start();
    await using strict = await start({ requireCondition: true });
    const without = bundleOf(header(), patient());
    expect((await lenient.client.patients('POST', 'v2/Bundle', without)).status).toBe(200);
    expect((await strict.client.patients('POST', 'v2/Bundle', without)).status).toBe(400);
  });

  it('should check what the gateway checks', async () => {
    await using roche = await start();
    await using stranger = new RocheClient(roche.simulator, certificates, null);
    expect((await stranger.patients('POST', 'v2/Bundle', bundle())).status).toBe(403);
    const { client } = roche;
    expect((await client.patients('POST', 'v2/Bundle', bundle(), { client_secret: 'x' })).status).toBe(401);
    expect((await client.patients('POST', 'v2/Bundle', bundle(), { org_id: '' })).status).toBe(403);
    expect((await client.patients('POST', 'v2/Bundle', bundle(), { 'x-origin-request-id': '' })).status).toBe(400);
    expect((await client.patients('POST', 'v3/Bundle', bundle())).status).toBe(404);
    expect((await client.patients('DELETE', 'v2/Bundle/1')).status).toBe(405);
    expect((await client.patients('PUT', 'v2/Bundle/unknown', bundle())).status).toBe(404);
    expect((await client.patients('GET', 'Patient?family=Muster')).status).toBe(400);
    expect(roche.simulator.patientTotals().answers).toMatchObject({
      'create 403': 2,
      'create 401': 1,
      'update 404': 1,
    });
  });

  it.each<[PatientFault, number | 'none', boolean]>([
    ['patient-required', 400, false],
    ['patient-structure', 400, false],
    ['patient-invalid', 400, false],
    ['patient-too-long', 400, false],
    ['patient-timeout', 500, false],
    ['patient-exception', 500, false],
    ['patient-500', 500, false],
    ['patient-501', 501, false],
    ['patient-429', 429, false],
    ['patient-503', 503, false],
    ['patient-401', 401, false],
    ['patient-403', 403, false],
    ['patient-403-empty', 403, false],
    ['patient-hang', 'none', false],
    ['patient-cut', 'none', false],
    ['patient-slow', 200, true],
    ['patient-stored-hang', 'none', true],
    ['patient-stored-cut', 'none', true],
    ['patient-stored-timeout', 500, true],
    ['patient-stored-empty', 200, true],
  ])('should meet %s when ordered: %s, stored %s', async (fault, status, stored) => {
    await using roche = await start({ holdMs: 100, retryAfterSeconds: 7 });
    const { client, simulator } = roche;
    simulator.faults.order(fault);
    expect(await tried(client.patients('POST', 'v2/Bundle', bundle()))).toBe(status);
    expect(simulator.patientTotals().creates).toBe(stored ? 1 : 0);
    expect(simulator.faults.counts()[fault]).toBe(1);
    expect(await tried(client.patients('POST', 'v2/Bundle', bundle()))).toBe(stored ? 409 : 200);
    const answered = simulator.patientStats().accepted.map((one) => one.answeredAtMs !== undefined);
    expect(answered).toEqual([!fault.startsWith('patient-stored-')]);
  });

  it('should say how long to wait with 429 and 503', async () => {
    await using roche = await start({ retryAfterSeconds: 7 });
    for (const fault of ['patient-429', 'patient-503'] as const) {
      roche.simulator.faults.order(fault);
      expect(await roche.client.patients('POST', 'v2/Bundle', bundle())).toMatchObject({ retryAfter: '7', text: '' });
    }
  });

  it('should fail look-ups when ordered', async () => {
    await using roche = await start({ holdMs: 100 });
    for (const [fault, status] of [
      ['patient-lookup-500', 500],
      ['patient-lookup-hang', 'none'],
    ] as const) {
      roche.simulator.faults.order(fault);
      expect(await tried(roche.client.patients('GET', 'Patient/1'))).toBe(status);
    }
    const { answers } = await roche.simulator.waitUntilPatients((totals) => totals.answers['read none'] === 1, 5_000);
    expect(answers).toEqual({ 'read 500': 1, 'read none': 1 });
  });

  it('should repeat the faults of a seed', async () => {
    const run = async (): Promise<(number | 'none')[]> => {
      await using roche = await start({}, { faults: { 'patient-500': 0.3, 'patient-stored-cut': 0.2 } });
      const statuses: (number | 'none')[] = [];
      for (let number = 0; number < 40; number += 1) {
        statuses.push(await tried(roche.client.patients('POST', 'v2/Bundle', bundle({ number: `N${number}` }))));
      }
      return statuses;
    };
    const first = await run();
    expect(new Set(first)).toEqual(new Set([200, 500, 'none']));
    expect(await run()).toEqual(first);
  });

  it('should store what its caller did not wait for, and see two requests about one patient at once', async () => {
    await using roche = await start({ latencyScale: 0.02 });
    const { simulator, client } = roche;
    // The first one takes 200 ms, the other at most 200 ms: both are there at once for most of that.
    simulator.faults.order('patient-slow');
    const answers = await Promise.all([
      tried(client.patients('POST', 'v2/Bundle', bundle())),
      simulator
        .waitUntilPatients(() => simulator.faults.counts()['patient-slow'] === 1, 5_000)
        .then(() => tried(client.patients('POST', 'v2/Bundle', bundle()))),
    ]);
    expect([...answers].sort()).toEqual([200, 409]);
    expect(simulator.patientTotals()).toMatchObject({ overlapping: 1, refusedCreates: 1, patients: 1 });
  });

  it.each(['create', 'update'] as const)('should take the documented times for %s', (operation) => {
    const times = Array.from({ length: 20_000 }, (_, index) => drawLatencyMs(operation, 1, index));
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    const { meanMs, worstMs } = DOCUMENTED_TIMES[operation];
    expect(Math.abs(mean / meanMs - 1)).toBeLessThan(0.03);
    expect(Math.max(...times)).toBeLessThanOrEqual(worstMs);
    expect(Math.max(...times)).toBeGreaterThan(worstMs * 0.98);
  });

  it('should be seen and driven through the control API', async () => {
    await using roche = await start();
    const server = createRocheControl(roche.simulator);
    const control = new RocheControl(await listenForControl(server, 0));
    try {
      await control.orderFault('patient-stored-timeout');
      expect(await tried(roche.client.patients('POST', 'v2/Bundle', bundle()))).toBe(500);
      expect(await control.patientTotals()).toMatchObject({ creates: 1, answers: { 'create 500': 1 } });
      expect(await control.patientStats()).toMatchObject({
        accepted: [{ operation: 'create', fault: 'patient-stored-timeout' }],
      });
    } finally {
      await server.close();
    }
  });
});
