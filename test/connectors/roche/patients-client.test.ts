import { RochePatientsClient } from '../../../src/connectors/roche/patients-client';
import { EmrOidSchema } from '../../../src/domain/identifiers';
import { createPatientSyncSchema } from '../../../src/runtime/config/patient-sync-schema';
import { SecretRefSchema } from '../../../src/runtime/config/schema';
import { Secret } from '../../../src/runtime/config/secret';
import { createCertificates } from '../../../simulators/certificates';
import type { Certificates } from '../../../simulators/certificates';
import { ductusErrorOf, everythingOf } from '../../support/error-of';
import { startScriptedServer } from '../../support/scripted-server';
import type { Script, ScriptedServer } from '../../support/scripted-server';
import { until } from '../../support/until';

const ORIGIN = 'a3b1c2d4-0000-4000-8000-000000000001';
const SYSTEM = 'urn:oid:1.3.6.1.4.1.56221.2.2';
const MRN = 'MRN-4711/ä';
const IDENTIFIER = { system: SYSTEM, value: MRN };
const ROCHE_ID = 'Bj6.1Lq-hvb-28';
const BUNDLE = { resourceType: 'Bundle', type: 'message', entry: [{ resource: { resourceType: 'Patient' } }] };
const PATIENT = { resourceType: 'Patient', id: ROCHE_ID, identifier: [IDENTIFIER] };
const CREATED = {
  resourceType: 'Bundle',
  id: 'bundle-1',
  type: 'message',
  entry: [{ resource: { resourceType: 'MessageHeader', id: 'h' } }, { resource: PATIENT }],
};

const PatientSyncSchema = createPatientSyncSchema(SecretRefSchema.transform(() => new Secret('')));

let certificates: Certificates;

beforeAll(async () => {
  certificates = await createCertificates();
});

interface Settings {
  readonly apiVersion?: 'v1' | 'v2';
  readonly lookup?: 'read' | 'search' | 'none';
  readonly concurrency?: number;
  readonly createTimeoutMs?: number;
}

function clientFor(port: number, settings: Settings = {}, withCertificate = true): RochePatientsClient {
  const { cert, key } = certificates.ductusClient;
  return new RochePatientsClient({
    emrOid: EmrOidSchema.parse('2.16.840.1'),
    roche: {
      servicesUrl: 'https://localhost/partners/services/api/',
      clientId: 'client-1',
      clientSecret: new Secret('client-secret-1'),
      tls: {
        ca: new Secret(certificates.ca.cert),
        ...(withCertificate ? { cert: new Secret(cert), key: new Secret(key) } : {}),
      },
      requestTimeoutMs: 1,
    },
    patientSync: PatientSyncSchema.parse({
      fhirUrl: `https://localhost:${port}/partners/fhir/stu3/api`,
      ...settings,
    }),
  });
}

async function serve(
  script: Script,
  settings: Settings = {},
): Promise<{ server: ScriptedServer; client: RochePatientsClient } & AsyncDisposable> {
  const server = await startScriptedServer(script, {
    ...certificates.server,
    ca: certificates.ca.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const client = clientFor(server.port, settings);
  return {
    server,
    client,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await client.close();
    },
  };
}

function answer(status: number, body?: unknown, headers: Record<string, string> = {}): Script {
  return (_, response) => {
    response.writeHead(status, headers);
    response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
  };
}

function outcome(code: string, text = '', more: object = {}): unknown {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, details: { text }, ...more }] };
}

function searchset(...resources: object[]): unknown {
  return { resourceType: 'Bundle', type: 'searchset', entry: resources.map((resource) => ({ resource })) };
}

/** Nothing of the patient, of the address and of the secret is in an error. */
const PRIVATE = /4711|MRN-|%C3|Jane|1970|jane@|client-secret|\/api/;

describe('RochePatientsClient.create', () => {
  it.each([
    ['v1', '/partners/fhir/stu3/api/Bundle'],
    ['v2', '/partners/fhir/stu3/api/v2/Bundle'],
  ] as const)('should POST the Bundle to %s with the headers of Roche over mutual TLS', async (apiVersion, path) => {
    await using roche = await serve(answer(200, CREATED), { apiVersion });
    expect(await roche.client.create(BUNDLE, ORIGIN)).toEqual({ patientId: ROCHE_ID, bundleId: 'bundle-1' });
    const [request] = roche.server.requests;
    expect(request).toMatchObject({
      method: 'POST',
      path,
      headers: {
        org_id: '2.16.840.1',
        client_id: 'client-1',
        client_secret: 'client-secret-1',
        'x-origin-request-id': ORIGIN,
        'content-type': 'application/json',
      },
    });
    expect(JSON.parse(request?.body.toString() ?? '')).toEqual(BUNDLE);
  });

  it.each([
    ['no bundle id', { ...CREATED, id: undefined }, { patientId: ROCHE_ID }],
    ['the number of the hospital for an id', searchset({ resourceType: 'Patient', id: MRN }), { patientId: MRN }],
    ['the Patient alone', PATIENT, { patientId: ROCHE_ID }],
  ])('should take an answer with %s', async (_, body, expected) => {
    await using roche = await serve(answer(200, body));
    expect(await roche.client.create(BUNDLE, ORIGIN)).toEqual(expected);
  });

  it.each([
    ['no body', undefined, 'empty'],
    ['no JSON', '<html>MRN-4711', 'other'],
    ['no Patient', searchset(), 'other'],
    ['a Patient without an id', searchset({ resourceType: 'Patient', identifier: [IDENTIFIER] }), 'other'],
    ['two Patients', searchset(PATIENT, { ...PATIENT, id: 'other' }), 'other'],
  ])('should hold a success with %s for uncertain', async (_, body, shape) => {
    await using roche = await serve(answer(200, body));
    const error = await ductusErrorOf(roche.client.create(BUNDLE, ORIGIN));
    expect(error).toMatchObject({ code: 'DUCTUS_ROCHE_UNREACHABLE', details: { answer: shape, sent: true } });
    expect(everythingOf(error)).not.toMatch(PRIVATE);
  });
});

describe('RochePatientsClient.update', () => {
  it.each([
    ['v1', MRN, '/partners/fhir/stu3/api/Bundle/MRN-4711%2F%C3%A4'],
    ['v2', ROCHE_ID, '/partners/fhir/stu3/api/v2/Bundle/Bj6.1Lq-hvb-28'],
  ] as const)('should PUT to the id of %s and take an empty answer', async (apiVersion, id, path) => {
    await using roche = await serve(answer(200), { apiVersion });
    await roche.client.update(id, BUNDLE, ORIGIN);
    expect(roche.server.requests[0]).toMatchObject({ method: 'PUT', path, headers: { 'x-origin-request-id': ORIGIN } });
    expect(JSON.parse(roche.server.requests[0]?.body.toString() ?? '')).toEqual(BUNDLE);
  });

  it.each([['.'], ['..'], [''], ['\ud800']])('should not send to the id %j', async (id) => {
    await using roche = await serve(answer(200));
    expect(await ductusErrorOf(roche.client.update(id, BUNDLE, ORIGIN))).toMatchObject({
      code: 'DUCTUS_ROCHE_REJECTED',
    });
    expect(roche.server.requests).toHaveLength(0);
  });

  it('should say that Roche does not know the patient', async () => {
    await using roche = await serve(answer(404, outcome('not-found', 'Patient MRN-4711 was not found.')));
    const error = await ductusErrorOf(roche.client.update(ROCHE_ID, BUNDLE, ORIGIN));
    expect(error).toMatchObject({ code: 'DUCTUS_ROCHE_REJECTED', details: { service: 'update', status: 404 } });
    expect(error.message).toContain('does not know the patient');
    expect(everythingOf(error)).not.toMatch(PRIVATE);
  });
});

describe('RochePatientsClient.find', () => {
  it.each([
    ['search', `/partners/fhir/stu3/api/Patient?identifier=${encodeURIComponent(SYSTEM)}%7CMRN-4711%2F%C3%A4`],
    ['read', '/partners/fhir/stu3/api/Patient/MRN-4711%2F%C3%A4'],
  ] as const)('should %s the patient by identifier', async (lookup, path) => {
    await using roche = await serve(answer(200, lookup === 'read' ? PATIENT : searchset(PATIENT)), { lookup });
    expect(await roche.client.find(IDENTIFIER, ORIGIN)).toEqual({ patientId: ROCHE_ID });
    expect(roche.server.requests[0]).toMatchObject({ method: 'GET', path });
    expect(roche.server.requests[0]?.body).toHaveLength(0);
  });

  it('should escape the separators of a token', async () => {
    await using roche = await serve(answer(200, searchset()));
    await roche.client.find({ system: 's', value: 'a|b,c$d\\e' }, ORIGIN);
    const query = new URL(roche.server.requests[0]?.path ?? '', 'https://localhost').searchParams;
    expect(query.get('identifier')).toBe('s|a\\|b\\,c\\$d\\\\e');
  });

  it('should ask nothing when the organization looks nothing up', async () => {
    await using roche = await serve(answer(200, searchset(PATIENT)), { lookup: 'none' });
    expect(await roche.client.find(IDENTIFIER, ORIGIN)).toBeUndefined();
    expect(roche.server.requests).toHaveLength(0);
  });

  it.each([
    ['404 not-found', answer(404, outcome('not-found'))],
    ['an empty searchset', answer(200, searchset())],
    ['a searchset with another resource', answer(200, searchset({ resourceType: 'OperationOutcome', issue: [] }))],
  ])('should find nobody in %s', async (_, script) => {
    await using roche = await serve(script);
    expect(await roche.client.find(IDENTIFIER, ORIGIN)).toBeUndefined();
  });

  it('should take a patient by id where Roche shows no identifier', async () => {
    await using roche = await serve(answer(200, { resourceType: 'Patient', id: MRN }), { lookup: 'read' });
    expect(await roche.client.find(IDENTIFIER, ORIGIN)).toEqual({ patientId: MRN });
  });

  const foreign = { ...PATIENT, identifier: [{ system: SYSTEM, value: 'MRN-4712' }] };
  it.each([
    ['other patients only', answer(200, searchset(foreign)), 'DUCTUS_ROCHE_REJECTED'],
    [
      'the number under another system',
      answer(200, searchset({ ...PATIENT, identifier: [{ ...IDENTIFIER, system: 'x' }] })),
      'DUCTUS_ROCHE_REJECTED',
    ],
    ['two patients with it', answer(200, searchset(PATIENT, { ...PATIENT, id: 'second' })), 'DUCTUS_PATIENT_DUPLICATE'],
    ['a 404 of the gateway', answer(404, { error: 'no route' }), 'DUCTUS_ROCHE_REJECTED'],
    ['a 404 without a body', answer(404), 'DUCTUS_ROCHE_REJECTED'],
    ['a search that is not supported', answer(400, outcome('not-supported')), 'DUCTUS_ROCHE_REJECTED'],
    ['a search that it calls invalid', answer(400, outcome('invalid', 'identifier')), 'DUCTUS_ROCHE_REJECTED'],
    ['an empty answer', answer(200), 'DUCTUS_ROCHE_UNREACHABLE'],
    ['a total without the patients', answer(200, { resourceType: 'Bundle', total: 1 }), 'DUCTUS_ROCHE_UNREACHABLE'],
    ['a patient without an id', answer(200, searchset({ ...PATIENT, id: '' })), 'DUCTUS_ROCHE_UNREACHABLE'],
    ['401', answer(401, { error: 'Invalid Client' }), 'DUCTUS_ROCHE_UNAUTHORIZED'],
    ['503', answer(503), 'DUCTUS_ROCHE_UNREACHABLE'],
  ])('should not decide by %s', async (_, script, code) => {
    await using roche = await serve(script);
    const error = await ductusErrorOf(roche.client.find(IDENTIFIER, ORIGIN));
    expect(error).toMatchObject({ code, details: { service: 'find' } });
    expect(everythingOf(error)).not.toMatch(PRIVATE);
  });
});

describe('answers of the patient services', () => {
  const REFUSED = 'DUCTUS_PATIENT_REFUSED';
  const DUPLICATE = 'DUCTUS_PATIENT_DUPLICATE';
  const UNREACHABLE = 'DUCTUS_ROCHE_UNREACHABLE';
  const UNAUTHORIZED = 'DUCTUS_ROCHE_UNAUTHORIZED';
  const REJECTED = 'DUCTUS_ROCHE_REJECTED';
  const given = { expression: ['Bundle.entry[1].resource.name[0].given'] };
  const xpath = { location: ['/f:Bundle/f:entry[2]/f:resource/f:Patient/f:birthDate'] };
  const filtered = { expression: ["Patient.identifier.where(value='MRN-4711').value"] };
  const several = {
    resourceType: 'OperationOutcome',
    issue: [
      { severity: 'warning', code: 'informational', details: { text: 'MRN-4711 is odd' } },
      { severity: 'error', code: 'exception' },
      { severity: 'error', code: 'required', expression: ['Patient.name.family'] },
    ],
  };

  it.each([
    // The codes of the seed's table, wherever they stand.
    [
      400,
      outcome('required', 'Jane 1970', given),
      REFUSED,
      { issueCode: 'required', element: 'Bundle.entry[1].resource.name[0].given' },
    ],
    [400, outcome('structure', 'Unexpected token J of Jane'), REFUSED, { issueCode: 'structure', element: undefined }],
    [422, outcome('invalid', '', xpath), REFUSED, { element: 'Bundle.entry[2].resource.Patient.birthDate' }],
    [400, outcome('invalid', '', filtered), REFUSED, { element: 'Patient.identifier' }],
    [
      400,
      outcome('invalid', '', { expression: ['Jane.1970', 'name.given'] }),
      REFUSED,
      { element: 'Patient.name.given' },
    ],
    [
      400,
      outcome('invalid', 'Patient.telecom[0].value jane@example.org is no e-mail'),
      REFUSED,
      { element: 'Patient.telecom[0].value' },
    ],
    [400, outcome('invalid', "The birth date '1970-13-01' is wrong"), REFUSED, { element: 'Patient.birthDate' }],
    [400, outcome('required', 'A surname is missing'), REFUSED, { element: 'Patient.name.family' }],
    [
      400,
      outcome('too-long', 'identifier value MRN-4711 has over 64 characters'),
      REFUSED,
      { element: 'Patient.identifier' },
    ],
    [
      400,
      outcome('too-long', '', { diagnostics: 'Condition.clinicalStatus' }),
      REFUSED,
      { element: 'Condition.clinicalStatus' },
    ],
    [400, outcome('value', 'Jane'), REFUSED, { issueCode: 'value', element: undefined }],
    [500, outcome('invalid'), REFUSED, { status: 500 }],
    [200, outcome('required'), REFUSED, { status: 200 }],
    [400, several, REFUSED, { issueCode: 'required', element: 'Patient.name.family' }],
    // Uniqueness of identifier and e-mail.
    [409, outcome('duplicate', 'identifier MRN-4711'), DUPLICATE, { element: 'Patient.identifier' }],
    [400, outcome('duplicate'), DUPLICATE, { issueCode: 'duplicate', element: undefined }],
    [409, undefined, DUPLICATE, { answer: 'empty' }],
    [409, { error: 'conflict' }, DUPLICATE, { answer: 'gateway' }],
    [400, outcome('invalid', 'The e-mail jane@example.org already exists'), DUPLICATE, { element: 'Patient.telecom' }],
    [422, outcome('processing', 'identifier must be unique'), DUPLICATE, { element: 'Patient.identifier' }],
    [400, { status: 'error', detail: 'Patient MRN-4711 already exists' }, DUPLICATE, { answer: 'gateway' }],
    [400, outcome('required', 'The request unique id is missing'), REFUSED, {}],
    [400, outcome('structure', 'duplicate key in JSON'), REFUSED, {}],
    // Later.
    [500, outcome('timeout'), UNREACHABLE, { issueCode: 'timeout', sent: true }],
    [400, outcome('timeout'), UNREACHABLE, { sent: true }],
    [500, outcome('exception', 'MRN-4711 already exists'), UNREACHABLE, { issueCode: 'exception', sent: true }],
    [409, outcome('transient'), UNREACHABLE, { sent: true }],
    [408, undefined, UNREACHABLE, { sent: true }],
    [429, outcome('throttled'), UNREACHABLE, { sent: false }],
    [429, '<html>Jane', UNREACHABLE, { answer: 'other', sent: false }],
    [500, undefined, UNREACHABLE, { answer: 'empty', sent: true }],
    [501, undefined, UNREACHABLE, { sent: true }],
    [503, { error: 'already exists' }, UNREACHABLE, { sent: true }],
    // The organization.
    [401, { error: 'Invalid Client' }, UNAUTHORIZED, { answer: 'gateway' }],
    [403, { status: 'error', detail: 'Validation policy error: Certificate validation failed.' }, UNAUTHORIZED, {}],
    [403, undefined, UNAUTHORIZED, { answer: 'empty' }],
    [403, outcome('forbidden'), UNAUTHORIZED, { issueCode: 'forbidden' }],
    // Anything else.
    [400, outcome('Jane Doe', ''), REJECTED, { issueCode: undefined }],
    [400, undefined, REJECTED, { answer: 'empty' }],
    [400, '{"issue":"MRN-4711"', REJECTED, { answer: 'other' }],
    [404, outcome('not-found'), REJECTED, { issueCode: 'not-found' }],
    [405, undefined, REJECTED, { status: 405 }],
    [302, undefined, REJECTED, { status: 302 }],
  ])('should turn %i %j into %s', async (status, body, code, details) => {
    await using roche = await serve(answer(status, body, { location: 'https://elsewhere.example/' }));
    const error = await ductusErrorOf(roche.client.create(BUNDLE, ORIGIN));
    const seen = { element: undefined, issueCode: undefined, code: error.code, ...error.details };
    expect(seen).toMatchObject({ code, service: 'create', status, ...details });
    expect(everythingOf(error)).not.toMatch(PRIVATE);
    expect(roche.server.requests).toHaveLength(1);
  });

  it.each([429, 503])('should pass on how long Roche asks to wait with a %i', async (status) => {
    await using roche = await serve(answer(status, undefined, { 'retry-after': '17' }));
    expect(await ductusErrorOf(roche.client.create(BUNDLE, ORIGIN))).toMatchObject({ retryAfterMs: 17_000 });
  });
});

describe('the network to the patient services', () => {
  it('should say that a create that is not answered may have arrived', async () => {
    await using roche = await serve(() => undefined, { createTimeoutMs: 300 });
    expect(await ductusErrorOf(roche.client.create(BUNDLE, ORIGIN))).toMatchObject({
      code: 'DUCTUS_ROCHE_UNREACHABLE',
      details: { reason: 'timeout', sent: true },
    });
    expect(roche.server.requests).toHaveLength(1);
  });

  it('should say that a create whose connection was cut may have arrived', async () => {
    await using roche = await serve((_, response) => void response.destroy());
    expect(await ductusErrorOf(roche.client.create(BUNDLE, ORIGIN))).toMatchObject({
      code: 'DUCTUS_ROCHE_UNREACHABLE',
      details: { sent: true },
    });
  });

  it('should say that nothing was sent when nobody listens', async () => {
    const roche = await serve(answer(200));
    await roche[Symbol.asyncDispose]();
    const client = clientFor(roche.server.port);
    expect(await ductusErrorOf(client.create(BUNDLE, ORIGIN))).toMatchObject({
      code: 'DUCTUS_ROCHE_UNREACHABLE',
      details: { reason: 'ECONNREFUSED', sent: false },
    });
    await client.close();
  });

  it('should give nothing of the patient to a server that does not know its certificate', async () => {
    await using roche = await serve(answer(200, CREATED));
    const client = clientFor(roche.server.port, {}, false);
    const error = await ductusErrorOf(client.create(BUNDLE, ORIGIN));
    expect(['DUCTUS_ROCHE_UNAUTHORIZED', 'DUCTUS_ROCHE_UNREACHABLE']).toContain(error.code);
    expect(roche.server.requests).toHaveLength(0);
    await client.close();
  });

  it('should break off an answer without end', async () => {
    await using roche = await serve((_, response) => {
      const more = setInterval(() => response.write(Buffer.alloc(262_144, ' ')), 1);
      response.on('close', () => clearInterval(more));
    });
    expect(await ductusErrorOf(roche.client.create(BUNDLE, ORIGIN))).toMatchObject({
      code: 'DUCTUS_ROCHE_UNREACHABLE',
      details: { reason: 'answer-too-large', sent: true },
    });
  });

  it('should have as many requests under way as configured, and no time run while one waits', async () => {
    const open: (() => void)[] = [];
    const script: Script = (_, response) => {
      open.push(() => response.end(JSON.stringify(CREATED)));
    };
    await using roche = await serve(script, { concurrency: 2, createTimeoutMs: 700 });
    const started = performance.now();
    const creates = Promise.allSettled(Array.from({ length: 6 }, () => roche.client.create(BUNDLE, ORIGIN)));
    const under: number[] = [];
    for (let answered = 0; answered < 6; answered += 2) {
      await until(() => open.length === 2, 5_000, 'two requests');
      // Half of the limit for each pair: together they take longer than the limit of one.
      await until(() => performance.now() - started > 350 * (answered / 2 + 1), 5_000, 'some time');
      under.push(open.length);
      for (const end of open.splice(0)) end();
    }
    expect((await creates).map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 'fulfilled'));
    expect(under).toEqual([2, 2, 2]);
  });

  it('should end with the reason of a caller who gives up, and let the next one on', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    await using roche = await serve(
      (_, response, count) => {
        if (count === 0) controller.abort(reason);
        else response.end(JSON.stringify(CREATED));
      },
      { concurrency: 1 },
    );
    const waiting = new AbortController();
    const first = roche.client.create(BUNDLE, ORIGIN, controller.signal);
    const second = roche.client.create(BUNDLE, ORIGIN, waiting.signal);
    waiting.abort(reason);
    await expect(first).rejects.toBe(reason);
    await expect(second).rejects.toBe(reason);
    expect(await roche.client.create(BUNDLE, ORIGIN)).toMatchObject({ patientId: ROCHE_ID });
    expect(roche.server.requests).toHaveLength(2);
  });
});
