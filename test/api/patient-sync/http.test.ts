/** The HTTP doors of the HIS on a real server: HL7 v2 messages and FHIR Patients. */
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { registerPatientSync } from '../../../src/api/patient-sync/http';
import { createApi } from '../../../src/api/server';
import { DuctusError } from '../../../src/domain/errors';
import { createMetrics } from '../../../src/runtime/telemetry/metrics';
import { adt, fieldOf, summaryOf } from '../../support/his-client';
import { hisConfig, testDoor, type TestDoor } from '../../support/his-door';
import { NO_AUDIT } from '../../support/no-audit';
import { NO_HEALTH } from '../../support/no-health';
import { NO_PATIENTS } from '../../support/no-patients';
import { NO_REDELIVERY } from '../../support/no-redelivery';

const TOKEN = 'planted-his-token';
const OTHER_TOKEN = 'planted-other-his-token';
const SECRETS = { HIS_TOKEN: TOKEN, OTHER_HIS_TOKEN: OTHER_TOKEN };

async function api(patientSync: object, door: TestDoor, record = NO_AUDIT.record): Promise<FastifyInstance> {
  return createApi({
    config: hisConfig(patientSync, SECRETS),
    logger: door.logger,
    metrics: createMetrics(),
    notify: () => Promise.resolve(),
    patients: NO_PATIENTS,
    audit: { ...NO_AUDIT, record },
    redelivery: NO_REDELIVERY,
    operations: {
      parked: () => Promise.resolve([]),
      work: () => Promise.resolve(undefined),
      repair: () => Promise.reject(new DuctusError('DUCTUS_NOT_FOUND')),
      repairAll: () => Promise.resolve([]),
      destinations: () => Promise.resolve([]),
      hold: () => Promise.resolve(),
      resume: () => Promise.resolve(false),
    },
    health: NO_HEALTH,
    patientSync: door,
  });
}

describe('the HTTP doors of the HIS', () => {
  let app: FastifyInstance;
  let url: string;
  let door: TestDoor;
  let audited = 0;

  beforeEach(async () => {
    door = testDoor();
    audited = 0;
    app = await api({ http: { token: { env: 'HIS_TOKEN' } } }, door, async () => void (audited += 1));
    await app.listen({ host: '127.0.0.1', port: 0 });
    const address = app.addresses()[0];
    if (address === undefined || typeof address === 'string') throw new Error('no address');
    url = `http://127.0.0.1:${String(address.port)}`;
  });
  afterEach(() => app.close());

  async function send(
    method: 'POST' | 'PUT',
    path: string,
    body: string | Buffer,
    headers: Record<string, string | undefined>,
  ) {
    const response = await request(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      body,
    });
    return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
  }
  const post = (body: string | Buffer, type = 'application/hl7-v2', more: Record<string, string> = {}) =>
    send('POST', '/his/messages', body, { 'content-type': type, ...more });

  describe('POST /his/messages', () => {
    it.each(['application/hl7-v2', 'application/hl7-v2; charset=utf-8', 'x-application/hl7-v2+er7', 'text/plain'])(
      'should take %s, and answer with the acknowledgment',
      async (type) => {
        const response = await post(adt('M1'), type);
        expect(response.status).toBe(200);
        expect(response.headers['content-type']).toBe('application/hl7-v2');
        expect(summaryOf(response.text)).toBe('AA M1');
        expect(door.accepted).toMatchObject([
          {
            organization: 'st-marien',
            change: { event: 'A08', origin: { source: 'his-http', controlId: 'M1', sequence: 1 } },
          },
        ]);
      },
    );

    it('should answer with the status of what is wrong, and say it in the acknowledgment', async () => {
      const wrong = await post(adt('M1', { number: '' }));
      expect(wrong.status).toBe(400);
      expect(summaryOf(wrong.text)).toMatch(/^AE M1 101 PID\^1\^3/);
      const unsupported = await post(adt('M2', { event: 'A03' }));
      expect(unsupported.status).toBe(422);
      expect(summaryOf(unsupported.text)).toMatch(/^AR M2 201/);
      const garbage = await post('{"not":"HL7"}');
      expect(garbage.status).toBe(400);
      expect(fieldOf(garbage.text, 'MSA', 1)).toBe('AE');
      door.behind = () => Promise.reject(new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE'));
      const away = await post(adt('M3'));
      expect(away.status).toBe(503);
      expect(away.headers['retry-after']).toMatch(/^\d+$/);
      expect(summaryOf(away.text)).toBe('AR M3 207');
      door.behind = () => Promise.reject(new Error('a defect'));
      expect((await post(adt('M3'))).status).toBe(503);
      expect(door.accepted).toEqual([]);
    });

    it('should answer a repeat, and refuse other content under the same control id', async () => {
      await post(adt('M1'));
      expect(await post(adt('M1'))).toMatchObject({ status: 200 });
      const other = await post(adt('M1', { family: 'Other' }));
      expect(other.status).toBe(409);
      expect(summaryOf(other.text)).toBe('AE M1 205 MSH^1^10');
      expect(door.accepted).toHaveLength(1);
    });

    it('should decode by MSH-18, else by the charset of the content type', async () => {
      const latin1 = (characterSet: string) => Buffer.from(adt('M1', { family: 'M\xfcller', characterSet }), 'latin1');
      expect((await post(latin1('8859/1'), 'application/hl7-v2; charset=utf-8')).status).toBe(200);
      expect((await post(latin1(''), 'application/hl7-v2; charset=ISO-8859-1', {})).status).toBe(409);
      expect((await post(latin1(''))).status).toBe(400);
      expect(JSON.stringify(door.accepted[0]?.change.content)).toContain('Müller');
    });

    it('should answer in any case, in the mode that MSH-15 and MSH-16 choose, and never an acknowledgment', async () => {
      expect(summaryOf((await post(adt('M1', { wanted: ['NE', 'NE'] }))).text)).toBe('AA M1');
      expect(summaryOf((await post(adt('M2', { wanted: ['AL', 'NE'] }))).text)).toBe('CA M2');
      const response = await post('MSH|^~\\&|A|B|C|D|20260301||ACK|X|P|2.5\rMSA|AA|1\r');
      expect(response).toMatchObject({ status: 204, text: '' });
    });

    it('should take a message of a megabyte, and no larger one', async () => {
      const of = (size: number) => adt('M1', { more: `ZZZ|${'x'.repeat(size)}` });
      expect((await post(of(1_000_000))).status).toBe(200);
      const large = await post(of(1_100_000));
      expect(large.status).toBe(413);
      expect(large.text).toContain('1048576');
    });

    it('should not take other content types', async () => {
      for (const type of ['application/json', 'application/xml', 'application/fhir+json']) {
        const response = await post(adt('M1'), type);
        expect(response.status).toBe(415);
        expect(response.text).toContain('/his/messages takes application/hl7-v2');
      }
    });
  });

  describe('who may send', () => {
    it.each([
      ['without a token', undefined],
      ['with a wrong one', 'Bearer wrong'],
      ['with an operator’s', 'Bearer planted-operator-token'],
      ['with another scheme', 'Basic eDp5'],
    ])('should be nobody %s, before the body is looked at', async (_, authorization) => {
      for (const path of ['/his/messages', '/his/fhir', '/his/fhir/Patient']) {
        const response = await send('POST', path, 'x', { authorization, 'content-type': 'application/xml' });
        expect(response.status).toBe(401);
        expect(response.headers['www-authenticate']).toBe('Bearer');
      }
      // A HIS is no operator who was refused.
      expect(audited).toBe(0);
    });

    it('should be refused as a configuration when two hospitals have one token', async () => {
      const config = hisConfig({ http: { token: { env: 'HIS_TOKEN' } } }, SECRETS);
      const [own] = Object.values(config.organizations);
      if (own === undefined) throw new Error('no organization');
      const twice = {
        ...config,
        organizations: { ...config.organizations, 'st-anna': { ...own, emrOid: own.emrOid } },
      };
      await expect(registerPatientSync(app, twice, door)).rejects.toMatchObject({ code: 'DUCTUS_CONFIG_INVALID' });
    });

    it('should find no door where none is configured', async () => {
      const without = await api({}, testDoor());
      const response = await without.inject({ method: 'POST', url: '/his/messages', payload: 'x' });
      expect(response.statusCode).toBe(404);
      await without.close();
    });

    it('should leave other routes as they are: neither their limit nor their content types change', async () => {
      const text = await send('POST', '/roche/notifications', 'x', {
        authorization: 'Basic eDp5',
        'content-type': 'text/plain',
      });
      expect(text.status).toBe(401);
      const operator = { authorization: 'Bearer planted-operator-token' };
      const plain = await send('POST', '/operations/patients/search', 'x', {
        ...operator,
        'content-type': 'text/plain',
      });
      expect(plain.status).toBe(415);
      const json = { ...operator, 'content-type': 'application/json' };
      expect((await send('POST', '/operations/patients/search', `"${'x'.repeat(5000)}"`, json)).status).toBe(413);
    });
  });

  describe('the FHIR door', () => {
    const patient = (more: object = {}) => ({
      resourceType: 'Patient',
      id: 'p1',
      identifier: [{ type: { coding: [{ code: 'MR' }] }, system: 'urn:oid:2.999.7', value: '4711' }],
      name: [{ use: 'official', family: 'Muster', given: ['Anna'] }],
      gender: 'female',
      birthDate: '1961-07-13',
      ...more,
    });
    const fhir = (method: 'POST' | 'PUT', path: string, body: unknown, headers: Record<string, string> = {}) =>
      send(method, path, typeof body === 'string' ? body : JSON.stringify(body), {
        'content-type': 'application/fhir+json',
        ...headers,
      });
    const issues = ({ text }: { text: string }): { code: string; expression?: string[]; severity: string }[] =>
      JSON.parse(text).issue;

    it('should take a new patient and a change of one, and say that it is on its way', async () => {
      const created = await fhir('POST', '/his/fhir/Patient', patient(), { 'x-request-id': 'r-1' });
      expect(created.status).toBe(202);
      expect(created.headers['content-type']).toContain('application/fhir+json');
      expect(JSON.parse(created.text)).toMatchObject({
        resourceType: 'OperationOutcome',
        issue: [{ severity: 'information', code: 'informational' }],
      });
      expect((await fhir('PUT', '/his/fhir/Patient/p1', patient(), { 'x-request-id': 'r-2' })).status).toBe(202);
      expect(door.accepted.map(({ change }) => [change.event, change.origin.source, change.origin.controlId])).toEqual([
        ['fhir-create', 'his-http-fhir', 'r-1'],
        ['fhir-update', 'his-http-fhir', 'r-2'],
      ]);
      expect(door.accepted[0]?.patient).toBe(door.accepted[1]?.patient);
      expect(door.accepted[0]?.change.content).toMatchObject({ form: 'fhir', version: 'R4' });
    });

    it('should take a Bundle of Patient and Condition', async () => {
      const bundle = {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [
          { fullUrl: 'urn:uuid:0b0c7c56-5bb6-4b9b-8a0f-3a3a8e6a7e10', resource: patient() },
          {
            fullUrl: 'urn:uuid:0b0c7c56-5bb6-4b9b-8a0f-3a3a8e6a7e11',
            resource: {
              resourceType: 'Condition',
              subject: { reference: 'urn:uuid:0b0c7c56-5bb6-4b9b-8a0f-3a3a8e6a7e10' },
              code: { coding: [{ system: 'http://snomed.info/sct', code: '46635009' }] },
            },
          },
        ],
      };
      expect((await fhir('POST', '/his/fhir', bundle)).status).toBe(202);
      expect(JSON.stringify(door.accepted[0]?.change.content)).toContain('46635009');
      expect((await fhir('POST', '/his/fhir', patient())).status).toBe(400);
      expect((await fhir('POST', '/his/fhir/Patient', bundle)).status).toBe(400);
    });

    it.each([
      ['application/fhir+json', 'R4'],
      ['application/json', 'R4'],
      ['application/fhir+json; fhirVersion=4.0', 'R4'],
      ['application/fhir+json;fhirVersion="3.0"', 'STU3'],
      ['application/fhir+json; charset=utf-8; fhirVersion=3.0.1', 'STU3'],
    ])('should read %s as %s', async (type, version) => {
      expect((await fhir('POST', '/his/fhir/Patient', patient(), { 'content-type': type })).status).toBe(202);
      expect(door.accepted[0]?.change.content).toMatchObject({ version });
    });

    it.each([
      'application/fhir+json; fhirVersion=5.0',
      'application/fhir+json; fhirVersion=__proto__',
      'application/fhir+xml',
      'text/plain',
    ])('should not take %s', async (type) => {
      expect((await fhir('POST', '/his/fhir/Patient', patient(), { 'content-type': type })).status).toBe(415);
      expect(door.accepted).toEqual([]);
    });

    it('should name the element that is missing or wrong', async () => {
      const nameless = await fhir('POST', '/his/fhir/Patient', patient({ identifier: [] }));
      expect(nameless.status).toBe(422);
      expect(issues(nameless)[0]).toMatchObject({
        severity: 'error',
        expression: [expect.stringContaining('identifier')],
      });
      const date = await fhir('POST', '/his/fhir/Patient', patient({ birthDate: '1961-13-13' }));
      expect(date.status).toBeGreaterThanOrEqual(400);
      expect(issues(date)[0]?.expression?.[0]).toContain('birthDate');
      for (const broken of [
        '{',
        '',
        '\ufeff',
        '"x"',
        'null',
        '[]',
        Buffer.from([0x22, 0xff, 0x22]).toString('latin1'),
      ]) {
        const response = await fhir('POST', '/his/fhir/Patient', broken);
        expect([400, 422]).toContain(response.status);
        expect(issues(response)[0]?.severity).toBe('error');
      }
      expect(door.accepted).toEqual([]);
    });

    it('should want the id of the address in an update (https://hl7.org/fhir/R4/http.html#update)', async () => {
      const other = await fhir('PUT', '/his/fhir/Patient/p2', patient());
      expect(other.status).toBe(400);
      expect(issues(other)[0]).toMatchObject({ code: 'invalid', expression: ['Patient.id'] });
      const without = await fhir('PUT', '/his/fhir/Patient/p1', { ...patient(), id: undefined });
      expect(issues(without)[0]).toMatchObject({ code: 'required', expression: ['Patient.id'] });
    });

    it('should do nothing for a request that comes again under its id, and refuse another one under it', async () => {
      const again = () => fhir('POST', '/his/fhir/Patient', patient(), { 'x-request-id': 'r-1' });
      expect((await again()).status).toBe(202);
      expect((await again()).status).toBe(202);
      const other = await fhir('POST', '/his/fhir/Patient', patient({ gender: 'male' }), { 'x-request-id': 'r-1' });
      expect(other.status).toBe(409);
      expect(issues(other)[0]?.code).toBe('conflict');
      expect(door.accepted).toHaveLength(1);
    });

    it('should refuse an id of a request that could not be kept, rather than go without', async () => {
      for (const id of ['', 'with space', 'x'.repeat(129)]) {
        expect((await fhir('POST', '/his/fhir/Patient', patient(), { 'x-request-id': id })).status).toBe(400);
      }
    });

    it('should know a version that says when it was made, and take any other as new work', async () => {
      const dated = patient({ meta: { lastUpdated: '2026-03-01T12:00:00Z' } });
      for (const body of [dated, dated, patient(), patient()]) {
        expect((await fhir('PUT', '/his/fhir/Patient/p1', body)).status).toBe(202);
      }
      expect(door.accepted).toHaveLength(3);
      expect(new Set(door.accepted.map(({ change }) => change.id)).size).toBe(3);
      expect(door.accepted[0]?.change.eventAtMs).toBe(Date.parse('2026-03-01T12:00:00Z'));
    });

    it('should answer 503 when nothing could be stored, and nothing of what went wrong', async () => {
      door.behind = () => Promise.reject(new Error('planted-secret of the inside'));
      const response = await fhir('POST', '/his/fhir/Patient', patient());
      expect(response.status).toBe(503);
      expect(response.headers['retry-after']).toMatch(/^\d+$/);
      expect(response.text).not.toContain('planted');
      expect(issues(response)[0]?.code).toBe('transient');
      const cause = new DuctusError('DUCTUS_PAYLOAD_TOO_LARGE');
      door.behind = () => Promise.reject(new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', undefined, { cause }));
      expect(issues(await fhir('POST', '/his/fhir/Patient', patient()))[0]?.code).toBe('too-long');
    });

    it('should write no data of a patient to the log', async () => {
      await fhir('POST', '/his/fhir/Patient', patient({ birthDate: 'Muster' }));
      await fhir('PUT', '/his/fhir/Patient/Muster', patient());
      await post(adt('Muster', { number: '' }));
      await post('Muster');
      expect(door.logLines.join('')).not.toMatch(/Muster|4711|1961/);
    });
  });
});
