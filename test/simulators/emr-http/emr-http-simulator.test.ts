import path from 'node:path';
import { request } from 'undici';
import { readEmrLog } from '../../../simulators/emr/frames';
import { EmrHttpSimulator, type EmrHttpOptions } from '../../../simulators/emr-http/emr-http-simulator';
import { temporaryFolder } from '../../support/temporary-folder';

function message(id: string, more = ''): string {
  return (
    `MSH|^~\\&|D|R|E|H|20240301090000+0000||ORU^R01^ORU_R01|${id}|P|2.5.1\rPID|1||7^^^H^MR\r` +
    `OBR|1||1|2339-0^Glucose^LN\rOBX|1|NM|2339-0^Glucose^LN||104|mg/dL|||||F\r${more}`
  );
}

async function start(options: EmrHttpOptions = {}): Promise<EmrHttpSimulator> {
  const emr = new EmrHttpSimulator({ seed: 1, ...options });
  await emr.start();
  return emr;
}

async function post(emr: EmrHttpSimulator, body: string, headers: Record<string, string> = {}) {
  const answer = await request(emr.url, {
    method: 'POST',
    headers: { 'content-type': 'application/hl7-v2', ...headers },
    body,
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, text, headers: answer.headers, msa: /MSA\|(\w+)\|(\w*)/.exec(text)?.slice(1) };
}

const json = { 'content-type': 'application/json', 'idempotency-key': 'J1' };

describe('EmrHttpSimulator', () => {
  it('should take HL7, log it, and acknowledge it in the body', async () => {
    await using emr = await start();
    expect(await post(emr, message('A1'))).toMatchObject({ status: 200, msa: ['AA', 'A1'] });
    const [frame] = await emr.frames();
    expect(frame).toMatchObject({ controlId: 'A1', accepted: true, repeat: false, messageType: 'ORU^R01' });
    expect(frame?.observations).toHaveLength(1);
    expect(emr.stats()).toMatchObject({ accepted: 1, controlIds: 1, unanswered: 0 });
  });

  it('should refuse what the EMR behind MLLP refuses', async () => {
    await using emr = await start();
    expect(await post(emr, message('A1', 'OBX|2|NM|1^x^LN||abc|||||F\r'))).toMatchObject({
      status: 200,
      msa: ['AE', 'A1'],
    });
    expect(await post(emr, 'hello')).toMatchObject({ status: 200, msa: ['AR', ''] });
    expect(emr.stats()).toMatchObject({ refused: 2, invalid: 2, accepted: 0 });
  });

  it('should count repeats, or refuse them when told to', async () => {
    await using lenient = await start();
    await post(lenient, message('A1'));
    expect(await post(lenient, message('A1'))).toMatchObject({ status: 200 });
    expect(lenient.stats()).toMatchObject({ accepted: 2, repeats: 1, controlIds: 1 });
    await using strict = await start({ refuseRepeats: true });
    await post(strict, message('A1'));
    const again = await post(strict, message('A1'));
    expect(again.msa).toEqual(['AE', 'A1']);
    expect(again.text).toContain('|205^');
    expect(strict.stats()).toMatchObject({ accepted: 1, repeats: 0 });
  });

  it('should take JSON under its key, and answer 409 to one that it has when told to', async () => {
    await using emr = await start({ format: 'json', refuseRepeats: true });
    expect(await post(emr, '{"a":1}', json)).toMatchObject({ status: 200 });
    expect(await post(emr, '{"a":1}', json)).toMatchObject({ status: 409 });
    expect(await post(emr, 'no json', { ...json, 'idempotency-key': 'J2' })).toMatchObject({ status: 422 });
    expect(await post(emr, '{}', { 'content-type': 'application/json' })).toMatchObject({ status: 422 });
    expect(emr.stats()).toMatchObject({ accepted: 1, refused: 3 });
  });

  it('should look at address, method, credentials and content type before the message', async () => {
    await using emr = await start({ authorization: 'Bearer token' });
    const known = { authorization: 'Bearer token' };
    expect((await post(emr, message('A1'))).status).toBe(401);
    expect((await post(emr, message('A1'), { authorization: 'Bearer other' })).status).toBe(401);
    expect((await post(emr, message('A1'), { ...known, 'content-type': 'text/plain' })).status).toBe(415);
    expect((await request(emr.url, { headers: known })).statusCode).toBe(405);
    expect((await request(`${emr.url}/x`, { method: 'POST', headers: known })).statusCode).toBe(404);
    expect((await post(emr, message('A1'), known)).status).toBe(200);
    expect(emr.stats()).toMatchObject({ frames: 1, requests: { unauthorized: 2 } });
  });

  it('should give the statuses that were ordered, for the messages that they are for', async () => {
    await using emr = await start();
    emr.scriptStatus({ status: 503, retryAfter: '2', times: 2, controlId: 'A1' });
    emr.scriptStatus({ status: 500, stored: true, controlId: 'A2' });
    expect(await post(emr, message('A1'))).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
    expect(await post(emr, message('A2'))).toMatchObject({ status: 500, text: '' });
    expect(await post(emr, message('A1'))).toMatchObject({ status: 503 });
    expect(await post(emr, message('A1'))).toMatchObject({ status: 200 });
    expect(emr.stats()).toMatchObject({ accepted: 2, refused: 2, ambiguous: 1, ambiguousAccepted: 1 });
  });

  it.each(['drop-before-storing', 'drop-after-storing', 'garbage'] as const)(
    'should break off as ordered: %s',
    async (kind) => {
      await using emr = await start({ format: 'json' });
      emr.script({ answer: { kind } });
      await expect(post(emr, '{}', json)).rejects.toThrow();
      expect(emr.stats()).toMatchObject({ ambiguous: 1, accepted: kind === 'drop-before-storing' ? 0 : 1 });
    },
  );

  it('should go on with its log after a restart', async () => {
    using folder = temporaryFolder();
    const log = path.join(folder.path, 'log');
    {
      await using first = await start({ log });
      await post(first, message('A1'));
    }
    await using second = await start({ log });
    await post(second, message('A1'));
    expect(second.stats()).toMatchObject({ accepted: 2, repeats: 1, starts: 2 });
    const { frames, stats } = await readEmrLog(log);
    expect(frames.map((frame) => frame.controlId)).toEqual(['A1', 'A1']);
    expect(stats).toMatchObject({ repeats: 1, unanswered: 0 });
  });
});
