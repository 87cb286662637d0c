/** `ductus doctor` on real parts: all is well, and each thing that can be wrong, with what to do about it. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { z } from 'zod';
import { createCertificates } from '../../simulators/certificates';
import { EmrSimulator } from '../../simulators/emr/emr-simulator';
import { FhirServerSimulator } from '../../simulators/fhir-server/fhir-server-simulator';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { operatorOf } from '../support/operator';
import { temporaryFolder } from '../support/temporary-folder';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

const DAY_MS = 24 * 60 * 60 * 1000;

let world: World;
let hospital: Hospital;
const folder = temporaryFolder();
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
  hospital = await openHospital(world);
});
afterAll(async () => {
  await hospital[Symbol.asyncDispose]();
  await world.stop();
  folder[Symbol.dispose]();
});

const Findings = z.array(
  z.strictObject({
    level: z.enum(['ok', 'warn', 'fail']),
    check: z.string(),
    where: z.string(),
    what: z.string(),
    todo: z.string().optional(),
  }),
);

/** Runs the doctor with a configuration that differs, and gives what is wrong as lines. */
async function examined(change: object = {}, secrets: Readonly<Record<string, string>> = {}) {
  const operator = operatorOf(hospital, path.join(folder.path, randomBytes(4).toString('hex')), change, secrets);
  const { status, lines } = await operator.json('doctor');
  const findings = Findings.parse(lines);
  const text = JSON.stringify(lines);
  for (const secret of Object.values({ ...hospital.secrets, ...secrets })) expect(text).not.toContain(secret);
  for (const finding of findings) expect(finding.todo !== undefined).toBe(finding.level !== 'ok');
  const of = (level: 'fail' | 'warn') =>
    findings.filter((each) => each.level === level).map(({ where, what }) => `${where}: ${what}`);
  return { status, findings, fails: of('fail'), warnings: of('warn') };
}

const organization = () =>
  z.object({ organizations: z.record(z.string(), z.record(z.string(), z.unknown())) }).parse(hospital.configInput)
    .organizations[hospital.organizationId] ?? {};
const roche = () => z.record(z.string(), z.unknown()).parse(organization()['roche']);
const withOrganization = (change: object) => ({
  organizations: { [hospital.organizationId]: { ...organization(), ...change } },
});
const withDestination = (settings: object) => ({
  destinations: { [hospital.destination]: settings },
  ...withOrganization({ destinations: [hospital.destination] }),
});

/** Something that takes connections. */
async function startListener() {
  const server = net.createServer((socket) => socket.resume().on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  return { port: address.port, [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')) };
}

describe('ductus doctor', () => {
  it('should find nothing wrong where all is well', async () => {
    const { status, findings, fails } = await examined();
    expect(fails).toEqual([]);
    expect(status).toBe(0);
    const checks = new Set(findings.map(({ check }) => check));
    expect([...checks].sort()).toEqual([
      'blobs',
      'certificates',
      'configuration',
      'destination',
      'encryption',
      'operators',
      'roche',
      'store',
      'temporal',
      'time-zones',
    ]);
    expect(findings.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['Roche gives tokens', 'the schema is up to date', 'search attributes are registered']),
    );
    // It asked for tokens, and sent the EMR nothing.
    expect(await hospital.emr.frames()).toEqual([]);
    const text = await operatorOf(hospital, path.join(folder.path, 'text')).run('doctor', '--problems');
    expect(text.stdout).toMatch(/^0 failures, \d+ warnings, \d+ checks are fine\.$/m);
  });

  it('should tell what is wrong with Temporal', async () => {
    const { taskQueue, address } = hospital.config.temporal;
    const away = await examined({ temporal: { address: '127.0.0.1:1', taskQueue } });
    expect(away.status).toBe(1);
    expect(away.fails).toEqual(['temporal: it cannot be reached']);
    expect((await examined({ temporal: { address, taskQueue, namespace: 'nowhere' } })).fails).toEqual([
      'temporal: there is no namespace nowhere',
    ]);
    expect((await examined({ temporal: { address, taskQueue: 'nobody' } })).fails).toEqual([
      'temporal: no worker takes workflows from the task queue nobody',
      'temporal: no worker takes activities from the task queue nobody',
    ]);
    // A namespace that no worker of Ductus has ever used.
    const namespace = `bare-${randomBytes(4).toString('hex')}`;
    const connection = await Connection.connect({ address: world.temporalAddress });
    try {
      await connection.workflowService.registerNamespace({
        namespace,
        workflowExecutionRetentionPeriod: msToTs(DAY_MS),
      });
      const bare = await untilKnown(() => examined({ temporal: { address, taskQueue, namespace } }));
      expect(bare.fails).toEqual(
        expect.arrayContaining([expect.stringContaining('temporal: search attributes are missing: DuctusFlow')]),
      );
      expect(bare.warnings).toContain('temporal: the namespace keeps histories for 24 h only');
    } finally {
      await connection.close();
    }
  });

  it('should see that work waits, though Temporal still lists the worker that was killed', async () => {
    await using other = await openHospital(world);
    const operator = operatorOf(other, path.join(folder.path, 'other'));
    const { taskQueue } = other.config.temporal;
    expect((await operator.run('doctor')).stdout).toContain(`workers asked ${taskQueue} for workflows`);
    await other.ductus.stop();
    const work = await other.client.workflow.start('housekeeping', { taskQueue, workflowId: `waits-${taskQueue}` });
    try {
      const found = await until(
        async () =>
          /workflows wait \d+ s and more in the task queue.*/.exec((await operator.run('doctor')).stdout)?.[0],
        30_000,
        'the finding',
      );
      expect(found).toContain(taskQueue);
    } finally {
      await work.terminate();
    }
  });

  it('should tell what is wrong with PostgreSQL', async () => {
    const at = (url: string) => examined({}, { STORE_URL: url });
    expect((await at('postgres://x@127.0.0.1:1/x')).fails).toEqual(['store: nothing listens there (ECONNREFUSED)']);
    const url = new URL(hospital.storeUrl);
    url.pathname = '/nothing';
    expect((await at(url.href)).fails).toEqual(['store: the database does not exist (3D000)']);
    url.pathname = new URL(hospital.storeUrl).pathname;
    url.username = 'stranger';
    expect((await at(url.href)).fails).toEqual(['store: it refuses the user (28000)']);
    expect((await at(await world.postgres.createDatabase())).fails).toEqual([
      expect.stringContaining('store: the schema is behind: 0001-ledger'),
    ]);
  });

  it('should tell what is wrong with Roche', async () => {
    const wrongSecret = await examined(withOrganization({ roche: { ...roche(), clientSecret: { env: 'WRONG' } } }), {
      WRONG: 'planted-wrong-client-secret',
    });
    expect(wrongSecret.fails).toEqual([expect.stringMatching(/no credentials for files: .*(Roche|refuse)/)]);
    const port = await examined(withOrganization({ roche: { ...roche(), servicesUrl: 'https://localhost:1/' } }));
    expect(port.fails).toEqual([expect.stringContaining('Roche (localhost:1): nothing listens there')]);
    const stranger = await createCertificates();
    const authority = await examined(
      withOrganization({
        roche: {
          ...roche(),
          tls: { cert: { env: 'CLIENT_CERT' }, key: { env: 'CLIENT_KEY' }, ca: { env: 'OTHER_CA' } },
        },
      }),
      { OTHER_CA: stranger.ca.cert },
    );
    expect(authority.fails).toEqual([
      expect.stringContaining('its certificate is of an authority that is not trusted'),
    ]);
    const client = await examined(
      withOrganization({
        roche: { ...roche(), tls: { cert: { env: 'OTHER_CERT' }, key: { env: 'OTHER_KEY' }, ca: { env: 'CA' } } },
      }),
      { OTHER_CERT: stranger.ductusClient.cert, OTHER_KEY: stranger.ductusClient.key },
    );
    expect(client.fails).toEqual([expect.stringMatching(/it refuses our client certificate|closes the connection/)]);
    const mixed = await examined(
      withOrganization({
        roche: { ...roche(), tls: { cert: { env: 'CLIENT_CERT' }, key: { env: 'OTHER_KEY' }, ca: { env: 'CA' } } },
      }),
      { OTHER_KEY: stranger.ductusClient.key },
    );
    expect(mixed.fails).toContain(
      `organizations.${hospital.organizationId}.roche.tls.key: the key does not belong to the certificate`,
    );
  });

  it('should look at the patient services of Roche and at the listeners of the HIS', async () => {
    await using hearing = await startListener();
    const { port } = hearing;
    const sync = { fhirUrl: hospital.roche.fhirUrl, mllp: [{ name: 'adt', port }] };
    const where = `organizations.${hospital.organizationId}.patientSync`;
    const fine = await examined(withOrganization({ patientSync: sync }));
    expect(fine.fails).toEqual([]);
    expect(fine.findings.filter(({ check }) => check === 'patient-sync').map(({ what }) => what)).toEqual([
      'Roche’s patient services answer',
      `the listener adt (port ${String(port)}) takes connections`,
    ]);
    const other = await createCertificates();
    const wrong = await examined(
      withOrganization({
        patientSync: {
          fhirUrl: 'https://localhost:1/',
          mllp: [{ name: 'adt', port: 1, tls: { cert: { env: 'CLIENT_CERT' }, key: { env: 'OTHER_KEY' } } }],
        },
      }),
      { OTHER_KEY: other.ductusClient.key },
    );
    expect(wrong.fails).toEqual([
      `${where}.mllp.0.tls.key: the key does not belong to the certificate`,
      `${where}: Roche’s patient services (localhost:1): nothing listens there (ECONNREFUSED)`,
    ]);
    expect(wrong.warnings).toContain(`${where}: the listener adt (port 1): nothing listens there (ECONNREFUSED)`);
  });

  it('should tell of certificates that have expired or will soon', async () => {
    const tls = { cert: { env: 'OLD_CERT' }, key: { env: 'OLD_KEY' }, ca: { env: 'CA' } };
    const cases = [
      [-1, 'fails', 'the certificate has expired on'],
      [3, 'fails', 'the certificate expires in'],
      [20, 'warnings', 'the certificate expires in'],
    ] as const;
    for (const [days, level, text] of cases) {
      const { ductusClient } = await createCertificates({ notAfter: new Date(Date.now() + days * DAY_MS + 60_000) });
      const found = await examined(withDestination({ kind: 'mllp', host: '127.0.0.1', port: hospital.emr.port, tls }), {
        OLD_CERT: ductusClient.cert,
        OLD_KEY: ductusClient.key,
      });
      expect(found[level]).toContainEqual(
        expect.stringContaining(`destinations.${hospital.destination}.tls.cert: ${text}`),
      );
    }

    // The one of the EMR.
    const expired = await createCertificates({ notAfter: new Date(Date.now() - DAY_MS) });
    await using emr = new EmrSimulator({ tls: expired.server });
    await emr.start();
    const { fails } = await examined(
      withDestination({ kind: 'mllp', host: 'localhost', port: emr.port, tls: { ca: { env: 'OLD_CA' } } }),
      { OLD_CA: expired.ca.cert },
    );
    expect(fails).toContain(`destinations.${hospital.destination}: its certificate has expired`);
    const soon = await createCertificates({ notAfter: new Date(Date.now() + 20 * DAY_MS + 60_000) });
    await using other = new EmrSimulator({ tls: soon.server });
    await other.start();
    const soonFound = await examined(
      withDestination({ kind: 'mllp', host: 'localhost', port: other.port, tls: { ca: { env: 'SOON_CA' } } }),
      { SOON_CA: soon.ca.cert },
    );
    expect(soonFound.warnings).toContainEqual(
      expect.stringContaining(`destinations.${hospital.destination}: its certificate expires in 20 days`),
    );
    const named = await examined(
      withDestination({
        kind: 'mllp',
        host: 'localhost',
        port: other.port,
        tls: { ca: { env: 'SOON_CA' }, serverName: 'emr.example' },
      }),
      { SOON_CA: soon.ca.cert },
    );
    expect(named.fails).toContain(`destinations.${hospital.destination}: its certificate is for another name`);
  });

  it('should tell what is wrong with destinations', async () => {
    const name = `destinations.${hospital.destination}`;
    const fails = async (settings: object, secrets = {}) => (await examined(withDestination(settings), secrets)).fails;
    expect(await fails({ kind: 'mllp', host: '127.0.0.1', port: 1 })).toEqual([
      `${name}: nothing listens there (ECONNREFUSED)`,
    ]);
    expect(await fails({ kind: 'mllp', host: 'localhost', port: hospital.emr.port, tls: {} })).toEqual([
      expect.stringMatching(`${name}: (it does not|it closes)`),
    ]);
    expect(await fails({ kind: 'file', folder: path.join(folder.path, 'missing') })).toEqual([
      `${name}: it does not exist`,
    ]);
    expect(await fails({ kind: 'file', folder: folder.path })).toEqual([]);
    await using fhir = new FhirServerSimulator({ authorization: 'Bearer right' });
    await fhir.start();
    expect(
      await fails(
        { kind: 'fhir', url: fhir.url, credentials: { kind: 'bearer', token: { env: 'RIGHT' } } },
        { RIGHT: 'right' },
      ),
    ).toEqual([]);
    expect(
      await fails(
        { kind: 'fhir', url: fhir.url, credentials: { kind: 'bearer', token: { env: 'FALSE' } } },
        { FALSE: 'planted-false-token' },
      ),
    ).toEqual([`${name}: it refuses the credentials (HTTP 401)`]);
    expect(await fails({ kind: 'http', url: `${fhir.url}x` })).toEqual([`${name}: it answers OPTIONS with HTTP 404`]);
    expect(fhir.transactions()).toEqual([]);
  });

  it('should tell what is wrong with blob store, keys, operators and site files', async () => {
    const blobs = await examined({
      blobs: { store: { kind: 'folder', path: operatorOf(hospital, path.join(folder.path, 'file')).configFile } },
    });
    expect(blobs.fails).toEqual([expect.stringMatching(/^blobs\.store: /)]);
    const same = await examined({
      encryption: { currentKey: 'k2', keys: { k1: { env: 'KEY' }, k2: { env: 'KEY' } }, hashKey: { env: 'HASH_KEY' } },
    });
    expect(same.warnings).toContain('encryption: the keys k1 and k2 are the same');
    const bad = await examined({}, { KEY: 'short' });
    expect(bad.status).toBe(3);
    expect(bad.fails).toContainEqual(expect.stringContaining('encryption.keys.k1'));
    expect((await examined({ operators: [] })).warnings).toContain('operators: nobody may use the operations API');
    const twins = await examined({
      operators: [
        { name: 'anna', token: { env: 'OPERATOR' } },
        { name: 'ben', token: { env: 'OPERATOR' } },
      ],
    });
    expect(twins.fails).toEqual(['operators: anna and ben have the same token']);
    const site = await examined(
      withDestination({
        kind: 'mllp',
        host: '127.0.0.1',
        port: hospital.emr.port,
        mapping: { codeMaps: ['missing.csv'] },
      }),
    );
    expect(site.fails).toEqual([expect.stringMatching(/^configuration: .*missing\.csv/s)]);
  });
});

/** A new namespace is known to all parts of the server after some seconds. */
async function untilKnown<T extends { readonly fails: readonly string[] }>(look: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < 20; tries += 1) {
    const found = await look();
    if (!found.fails.some((fail) => fail.includes('there is no namespace') || fail.includes('cannot be reached')))
      return found;
  }
  throw new Error('the namespace did not appear');
}
