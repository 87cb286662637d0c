import { request } from 'undici';
import { z } from 'zod';
import { FhirServerSimulator, type FhirServerOptions } from '../../../simulators/fhir-server/fhir-server-simulator';

const SYSTEM = 'urn:test';

async function start(options: FhirServerOptions = {}): Promise<FhirServerSimulator> {
  const server = new FhirServerSimulator(options);
  await server.start();
  return server;
}

async function post(server: FhirServerSimulator, entry: readonly object[], type = 'transaction') {
  const answer = await request(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Bundle', type, entry }),
  });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    body: text === '' ? undefined : z.record(z.string(), z.unknown()).parse(JSON.parse(text)),
  };
}

async function get(server: FhirServerSimulator, path: string) {
  const answer = await request(`${server.url}/${path}`);
  return { status: answer.statusCode, body: z.record(z.string(), z.unknown()).parse(await answer.body.json()) };
}

const identifier = (value: string) => [{ system: SYSTEM, value }];
const patient = (value: string, more: object = {}) => ({
  resourceType: 'Patient',
  identifier: identifier(value),
  ...more,
});
const upsert = (resource: { resourceType: string }, value: string, fullUrl?: string) => ({
  ...(fullUrl === undefined ? {} : { fullUrl }),
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}?identifier=${encodeURIComponent(`${SYSTEM}|${value}`)}` },
});
const observation = (value: string, reference: string) => ({
  resourceType: 'Observation',
  identifier: identifier(value),
  subject: { reference },
});

const EntriesSchema = z.array(
  z.object({ response: z.object({ status: z.string(), location: z.string().optional() }) }),
);
const statuses = (body: Record<string, unknown> | undefined) =>
  EntriesSchema.parse(body?.['entry']).map(({ response }) => response.status);

describe('FhirServerSimulator', () => {
  it('should create and update by identifier, and count versions', async () => {
    await using server = await start();
    const entry = [upsert(patient('p1'), 'p1', 'urn:uuid:1'), upsert(observation('o1', 'urn:uuid:1'), 'o1')];
    const first = await post(server, entry);
    expect(first.body).toMatchObject({ resourceType: 'Bundle', type: 'transaction-response' });
    expect(statuses(first.body)).toEqual(['201 Created', '201 Created']);
    const second = await post(server, entry);
    expect(statuses(second.body)).toEqual(['200 OK', '200 OK']);
    expect(server.resources().map(({ type, versionId }) => [type, versionId])).toEqual([
      ['Patient', 2],
      ['Observation', 2],
    ]);
  });

  it('should turn references between entries into references to what was stored, forward ones too', async () => {
    await using server = await start();
    const entry = [upsert(observation('o1', 'urn:uuid:9'), 'o1'), upsert(patient('p1'), 'p1', 'urn:uuid:9')];
    await post(server, entry);
    const stored = server.resources().find(({ type }) => type === 'Observation');
    const of = server.resources().find(({ type }) => type === 'Patient');
    expect(stored?.resource).toMatchObject({ subject: { reference: `Patient/${of?.id}` } });
  });

  it('should update by id', async () => {
    await using server = await start();
    const put = (version: string) => ({
      resource: { resourceType: 'Device', id: 'd-1', version },
      request: { method: 'PUT', url: 'Device/d-1' },
    });
    expect(statuses((await post(server, [put('1')])).body)).toEqual(['201 Created']);
    expect(statuses((await post(server, [put('2')])).body)).toEqual(['200 OK']);
    expect(await get(server, 'Device/d-1')).toMatchObject({
      status: 200,
      body: { version: '2', meta: { versionId: '2' } },
    });
    expect((await get(server, 'Device/none')).status).toBe(404);
  });

  it('should search by identifier', async () => {
    await using server = await start();
    await post(server, [upsert(patient('p1'), 'p1'), upsert(patient('p2'), 'p2')]);
    const found = async (token: string) =>
      (await get(server, `Patient?identifier=${encodeURIComponent(token)}`)).body['total'];
    expect(await found(`${SYSTEM}|p1`)).toBe(1);
    expect(await found('p2')).toBe(1);
    expect(await found('|p1')).toBe(0);
    expect(await found(`other|p1`)).toBe(0);
    expect((await get(server, 'Patient')).body['total']).toBe(2);
  });

  it('should delete', async () => {
    await using server = await start();
    await post(server, [upsert(patient('p1'), 'p1')]);
    const url = `Patient?identifier=${SYSTEM}|p1`;
    expect(statuses((await post(server, [{ request: { method: 'DELETE', url } }])).body)).toEqual(['204 No Content']);
    expect(server.resources()).toEqual([]);
  });

  const twice = patient('p1');
  it.each<[string, number, object[]]>([
    ['a reference to no entry', 400, [upsert(patient('p9'), 'p9'), upsert(observation('o1', 'urn:uuid:none'), 'o1')]],
    ['two entries under one condition', 400, [upsert(twice, 'p1'), upsert(twice, 'p1')]],
    ['a resource without the identifier of its condition', 400, [upsert(patient('p2'), 'p1')]],
    ['another type than the url', 400, [{ resource: patient('p1'), request: { method: 'PUT', url: 'Device/1' } }]],
    [
      'another id than the url',
      400,
      [{ resource: { ...patient('p1'), id: '2' }, request: { method: 'PUT', url: 'Patient/1' } }],
    ],
    ['no request', 400, [{ resource: patient('p1') }]],
  ])('should refuse %s as a whole (%d)', async (_, status, entry) => {
    await using server = await start();
    const answer = await post(server, entry);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ resourceType: 'OperationOutcome' });
    expect(server.resources()).toEqual([]);
    expect(server.transactions()).toMatchObject([{ stored: false, status }]);
  });

  it('should refuse a condition that several resources meet (412), and what is no transaction', async () => {
    await using server = await start();
    const create = { resource: patient('p1'), request: { method: 'POST', url: 'Patient' } };
    await post(server, [create]);
    await post(server, [create]);
    expect((await post(server, [upsert(patient('p1'), 'p1')])).status).toBe(412);
    expect((await post(server, [], 'batch')).status).toBe(400);
    const unless = { ...create, request: { ...create.request, ifNoneExist: `identifier=${SYSTEM}|p9` } };
    expect(statuses((await post(server, [{ ...unless, resource: patient('p9') }])).body)).toEqual(['201 Created']);
    expect(statuses((await post(server, [{ ...unless, resource: patient('p9') }])).body)).toEqual(['200 OK']);
  });

  it('should ask for credentials and for FHIR', async () => {
    await using server = await start({ authorization: 'Bearer token' });
    expect((await post(server, [])).status).toBe(401);
    await using open = await start();
    expect((await request(open.url, { method: 'POST', body: '{}' })).statusCode).toBe(415);
    expect((await request(`http://127.0.0.1:${open.port}/other`, { method: 'POST' })).statusCode).toBe(404);
  });

  it('should give the faults that were ordered', async () => {
    await using server = await start();
    const entry = [upsert(patient('p1'), 'p1'), upsert(patient('p2'), 'p2')];
    server.script({ kind: 'status', status: 429, retryAfter: '3', times: 2 });
    expect((await post(server, entry)).status).toBe(429);
    expect((await post(server, entry)).status).toBe(429);
    server.script({ kind: 'drop-before-storing' });
    await expect(post(server, entry)).rejects.toThrow();
    expect(server.resources()).toEqual([]);
    server.script({ kind: 'half-answer' });
    await expect(post(server, entry)).rejects.toThrow();
    server.script({ kind: 'drop-after-storing' });
    await expect(post(server, entry)).rejects.toThrow();
    server.script({ kind: 'short-answer' });
    expect(statuses((await post(server, entry)).body)).toHaveLength(1);
    expect(server.transactions().map(({ stored }) => stored)).toEqual([false, false, false, true, true, true]);
    expect(server.resources().map(({ versionId }) => versionId)).toEqual([3, 3]);
  });
});
