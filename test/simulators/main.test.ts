import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { writeCertificates } from '../../simulators/certificates';
import { ChangeSignal } from '../../simulators/condition';
import { EmrControl } from '../../simulators/emr/control';
import { readEmrLog } from '../../simulators/emr/frames';
import { HisControl } from '../../simulators/his/control';
import { RocheControl } from '../../simulators/roche-dc/control';
import { SimulatorProcess } from '../../simulators/simulator-process';
import { answer, controlIdOf, MllpPeer } from '../support/mllp-peer';
import { until } from '../support/until';
import { CallbackServer } from './callback-server';
import { CompiledSimulators } from './compiled';
import { MllpClient, oru } from './emr/mllp-client';

const ORGANIZATION = { emrOid: '2.999.1.1', clientId: 'hospital', clientSecret: 'secret' };

/** Sends on each connection, one message after another, until it is closed. */
function sendSteadily(
  clients: readonly MllpClient[],
  acknowledged: string[],
  count: number,
): { sending: Promise<void>[]; enough: Promise<void> } {
  const signal = new ChangeSignal();
  const sending = clients.map(async (client, index) => {
    for (let sent = 0; !client.closed; sent += 1) {
      const controlId = `C${index}N${sent}`;
      client.send(oru({ controlId }));
      await client.answer(sent + 1).then(
        () => acknowledged.push(controlId),
        () => undefined,
      );
      signal.changed();
    }
  });
  const enough = signal.until(
    () => acknowledged.length >= count,
    20_000,
    () => `${acknowledged.length} of ${count} messages were acknowledged`,
  );
  return { sending, enough };
}

describe('a simulator as a process', () => {
  let compiled: CompiledSimulators;
  let folder: string;

  beforeAll(async () => {
    compiled = await CompiledSimulators.create();
    folder = await mkdtemp(join(tmpdir(), 'simulators-'));
  });

  afterAll(async () => {
    await compiled[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('should be an EMR that keeps all it acknowledged through SIGKILL and serves again on the same port', async () => {
    const log = join(folder, 'frames.jsonl');
    const start = (port: number): Promise<SimulatorProcess> =>
      SimulatorProcess.start({
        main: compiled.main,
        args: ['emr', '--log', log, '--seed', '3', '--port', String(port)],
      });
    await using first = await start(0);
    const port = first.ready.simulator === 'emr' ? first.ready.port : 0;
    const acknowledged: string[] = [];
    const clients = await Promise.all([1, 2, 3].map(() => MllpClient.open(port)));
    const { sending, enough } = sendSteadily(clients, acknowledged, 200);
    await enough;
    await first.end('SIGKILL');
    await Promise.all(sending);
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);

    await using second = await start(port);
    expect(second.ready).toMatchObject({ simulator: 'emr', port, seed: 3 });
    await using client = await MllpClient.open(port);
    client.send(oru({ controlId: 'AFTER' }));
    await client.answer();
    const { frames, stats } = await readEmrLog(log);
    const stored = frames.filter(({ accepted }) => accepted).map(({ controlId }) => controlId);
    expect(stored).toEqual(expect.arrayContaining([...acknowledged, 'AFTER']));
    expect(stats).toMatchObject({ starts: 2, repeats: 0 });
  });

  it('should be an EMR that another process drives', async () => {
    await using emr = await SimulatorProcess.start({ main: compiled.main, args: ['emr'] });
    if (emr.ready.simulator !== 'emr') {
      throw new Error('not an EMR');
    }
    const control = new EmrControl(emr.ready.controlUrl);
    await control.script({ answer: { kind: 'AE', errorCode: '207' } });
    await control.setRates({ AR: 1 });
    await using client = await MllpClient.open(emr.ready.port);
    client.send(oru());
    expect(await client.answer(1)).toContain('MSA|AE|M1');
    client.send(oru());
    expect(await client.answer(2)).toContain('MSA|AR|M1');
    expect(await control.stats()).toMatchObject({ frames: 2, refused: 2 });
  });

  it('should be the Roche platform, set by a file and flags, that another process drives', async () => {
    const config = join(folder, 'roche.json');
    const certificates = join(folder, 'certificates');
    const { ca, rocheClient, ductusClient, server } = await writeCertificates(certificates);
    await using callback = await CallbackServer.start(() => 202, { ca, rocheClient, ductusClient, server });
    await writeFile(config, JSON.stringify({ certificates, organizations: [ORGANIZATION], duplicateRate: 1, seed: 4 }));
    await using roche = await SimulatorProcess.start({
      main: compiled.main,
      args: ['roche', '--config', config, '--duplicate-rate', '0'],
    });
    if (roche.ready.simulator !== 'roche') {
      throw new Error('not Roche');
    }
    expect(roche.ready.seed).toBe(4);
    const control = new RocheControl(roche.ready.controlUrl);
    await control.setCallback(ORGANIZATION.emrOid, { url: callback.url, ca: ca.cert, ...rocheClient });
    const shared = await control.shareSample({
      organization: ORGANIZATION.emrOid,
      option: 'presigned-url',
      sample: { patient: 1, count: 3, seed: 1 },
    });
    expect(shared.firstAttempt.status).toBe(202);
    await control.share({
      organization: ORGANIZATION.emrOid,
      option: 'access-point',
      bundle: { a: 1 },
      messageId: 'm',
    });
    await control.repeat('m');
    expect(callback.received).toHaveLength(3);
    const agent = new Agent({ connect: { ca: ca.cert } });
    const url = callback.received[0]?.body.MessageReference['preSignedUrl'] ?? '';
    const file = await (await request(url, { dispatcher: agent })).body.text();
    await agent.close();
    expect(file).toContain('"resourceType":"Observation"');
    await control.orderFault('ack-500');
    await control.setFaultRates({ 's3-503': 1 });
    expect(await control.totals()).toMatchObject({ notifications: 2, attempts: 3 });
    expect((await control.stats()).notifications.map(({ messageId }) => messageId)).toEqual([shared.messageId, 'm']);
    await expect(control.repeat('none')).rejects.toThrow('no notification none');
  });

  it('should be a HIS that begins at once, or when another process says so', async () => {
    await using emr = await MllpPeer.start({
      message: (text, { socket }) => socket.write(answer(controlIdOf(text))),
    });
    const args = ['his', '--seed', '5', '--patients', '3', '--messages', '9'];
    const target = JSON.stringify({ port: emr.port });
    await using eager = await SimulatorProcess.start({ main: compiled.main, args: [...args, '--target', target] });
    await using told = await SimulatorProcess.start({ main: compiled.main, args });
    if (eager.ready.simulator !== 'his' || told.ready.simulator !== 'his') {
      throw new Error('not a HIS');
    }
    const controls = [new HisControl(eager.ready.controlUrl), new HisControl(told.ready.controlUrl)];
    await controls[1]?.run({ port: emr.port });
    for (const control of controls) {
      await until(async () => (await control.stats()).state === 'done', 20_000, 'the end of the run');
      expect(await control.stats()).toMatchObject({ seed: 5, planned: 9, accepted: 9 });
      expect((await control.ledger()).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    expect(emr.messages).toHaveLength(18);
  });

  it('should end with 1 and say what is wrong with its options', async () => {
    await expect(SimulatorProcess.start({ main: compiled.main, args: ['emr', '--rates', '{"AE":2}'] })).rejects.toThrow(
      /ended with 1: .*rates\.AE/s,
    );
  });

  it('should end with 0 on SIGTERM', async () => {
    const emr = await SimulatorProcess.start({ main: compiled.main, args: ['emr'] });
    expect(await emr.end('SIGTERM')).toBe(0);
  });

  it('should end when the process that started it is gone', async () => {
    const parent = spawn(process.execPath, ['-e', ORPHAN, compiled.folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(parent.stdout, 'data');
    // Both processes hold the other end of this pipe: it closes when the second one is gone.
    const closed = once(parent.stdout, 'close').then(() => 'gone');
    parent.kill('SIGKILL');
    await expect(closed).resolves.toBe('gone');
  });
});

/** Starts an EMR, says so and waits to be killed. The simulator gets this process's standard output as its errors. */
const ORPHAN = `
  const { spawn } = require('node:child_process');
  const env = { ...process.env, DUCTUS_SIMULATOR_WITH_PARENT: '1' };
  const child = spawn(process.execPath, [process.argv[1] + '/main.js', 'emr'], { stdio: ['pipe', 'pipe', 1], env });
  child.stdout.once('data', () => process.stdout.write('ready'));
`;
