/** The entry point as it runs: MLLP and HTTP in front of a real Temporal, with PostgreSQL away. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { request } from 'undici';
import { patientHash } from '../../../src/domain/patient-sync';
import { patientSyncWorkflowId } from '../../../src/domain/workflow-ids';
import { OrganizationIdSchema } from '../../../src/domain/identifiers';
import { createDataConverter } from '../../../src/runtime/codec/data-converter';
import { createKeyedHash } from '../../../src/runtime/codec/keyed-hash';
import { createTemporalClient, registerSearchAttributes } from '../../../src/runtime/temporal/client';
import { serve } from '../../../src/runtime/serve';
import { createLogger } from '../../../src/runtime/telemetry/logger';
import { testConfig } from '../../support/config';
import { adt, HisClient, summaryOf } from '../../support/his-client';
import { testTemporalAddress } from '../../support/temporal';
import { freePort } from '../../../src/runtime/embedded/ports';
import { until } from '../../support/until';

const TOKEN = 'planted-his-token';

function configOf(organization: string, temporalAddress: string) {
  return testConfig(
    {
      api: { host: '127.0.0.1', port: 0 },
      temporal: { address: temporalAddress, taskQueue: `test-${randomUUID()}` },
      store: { url: { env: 'STORE_URL' } },
      organizations: {
        [organization]: {
          emrOid: '2.999.1.1',
          timeZone: 'Europe/Berlin',
          notification: { basic: { username: 'roche', password: { env: 'PASSWORD' } } },
          roche: {
            servicesUrl: 'https://localhost:1/',
            clientId: 'c',
            clientSecret: { env: 'CLIENT_SECRET' },
            tls: {},
          },
          destinations: ['emr-main'],
          patientSync: {
            fhirUrl: 'https://localhost:1/',
            http: { token: { env: 'HIS_TOKEN' } },
            mllp: [
              { name: `a-${organization}`, host: '127.0.0.1', port: 0 },
              { name: `b-${organization}`, host: '127.0.0.1', port: 0 },
            ],
          },
        },
      },
      destinations: { 'emr-main': { kind: 'mllp', host: 'localhost', port: 1 } },
    },
    // Nobody listens there.
    { STORE_URL: 'postgres://127.0.0.1:1/none', HIS_TOKEN: TOKEN },
  );
}

const logger = createLogger({ level: 'error', role: 'test', stream: { write: () => undefined } });

describe('the doors of the HIS in front of Temporal', () => {
  it('should answer AA for what Temporal has, by every door, and end in order', async () => {
    const organization = OrganizationIdSchema.parse(`st-${randomUUID().slice(0, 8)}`);
    const config = configOf(organization, testTemporalAddress());
    const own = createTemporalClient(config, testTemporalAddress());
    await registerSearchAttributes(own.client, config.temporal.namespace);
    await own.close();
    const ductus = await serve(config, 'api', logger);
    const connection = await Connection.connect({ address: testTemporalAddress() });
    try {
      const [first, second] = ductus.mllp;
      expect(ductus.mllp.map(({ name }) => name)).toEqual([`a-${organization}`, `b-${organization}`]);
      await using one = await HisClient.connect(first?.port ?? 0);
      await using two = await HisClient.connect(second?.port ?? 0);
      expect(summaryOf(await one.ask(adt('M1')))).toBe('AA M1');
      expect(summaryOf(await two.ask(adt('M1')))).toBe('AA M1');
      expect(summaryOf(await one.ask(adt('M1')))).toBe('AA M1');
      const posted = await request(`${ductus.url ?? ''}/his/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/hl7-v2' },
        body: adt('M1'),
      });
      expect(posted.statusCode).toBe(200);
      await posted.body.dump();

      const client = new Client({ connection, dataConverter: createDataConverter(config) });
      const hash = createKeyedHash(config.encryption.hashKey);
      const patient = patientHash(hash, organization, { namespace: 'ST-MARIEN', value: '4711' });
      const handle = client.workflow.getHandle(patientSyncWorkflowId(organization, patient));
      const { events } = await handle.fetchHistory();
      const signals = (events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes ?? []);
      // Three doors; the repeat at one of them is none.
      expect(signals.map(({ signalName }) => signalName)).toEqual(['changed', 'changed', 'changed']);
      expect(JSON.stringify(signals)).not.toContain('Muster');
      await handle.terminate('the test is over');

      one.socket.once('end', () => one.socket.end());
      two.socket.once('end', () => two.socket.end());
      await ductus.stop();
      await until(() => one.closed && two.closed);
    } finally {
      await connection.close();
      await ductus.stop();
    }
  });

  it('should answer AR while Temporal is away, so that the HIS keeps the message', async () => {
    const config = configOf(`st-${randomUUID().slice(0, 8)}`, `127.0.0.1:${String(await freePort())}`);
    const ductus = await serve(config, 'api', logger);
    try {
      await using client = await HisClient.connect(ductus.mllp[0]?.port ?? 0);
      expect(summaryOf(await client.ask(adt('M1')))).toBe('AR M1 207');
    } finally {
      await ductus.stop();
    }
  });
});
