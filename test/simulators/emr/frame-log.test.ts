import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmrSimulator } from '../../../simulators/emr/emr-simulator';
import { readEmrLog } from '../../../simulators/emr/frames';
import { MllpClient, oru } from './mllp-client';

describe('the log of the EMR simulator', () => {
  let folder: string;
  let log: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'emr-log-'));
    log = join(folder, 'frames.jsonl');
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function exchange(controlId: string, seed = 1): Promise<void> {
    await using emr = new EmrSimulator({ log, seed });
    await emr.start();
    await using client = await MllpClient.open(emr.port);
    client.send(oru({ controlId }));
    await client.answer();
  }

  it('should have the frame before the answer is out', async () => {
    await using emr = new EmrSimulator({ log });
    await emr.start();
    emr.script({ answer: { kind: 'silence' } });
    await using client = await MllpClient.open(emr.port);
    client.send(oru());
    await emr.waitUntil(({ frames }) => frames === 1, 10_000);
    const { frames } = await readEmrLog(log);
    expect(frames[0]?.bytes.toString()).toBe(oru());
    expect(frames[0]?.answeredAtMs).toBeUndefined();
    expect((await stat(log)).mode & 0o777).toBe(0o600);
  });

  it('should be gone on with after a restart, and know what came before', async () => {
    await exchange('M1');
    await exchange('M2');
    await exchange('M1');
    const { frames, stats } = await readEmrLog(log);
    expect(frames.map(({ seq, controlId, repeat }) => [seq, controlId, repeat])).toEqual([
      [1, 'M1', false],
      [2, 'M2', false],
      [3, 'M1', true],
    ]);
    expect(stats).toMatchObject({ starts: 3, accepted: 3, controlIds: 2, repeats: 1, unanswered: 0 });
    await using emr = new EmrSimulator({ log });
    await emr.start();
    expect(emr.stats()).toMatchObject({ starts: 4, accepted: 3, controlIds: 2, repeats: 1 });
    expect(await emr.frames()).toHaveLength(3);
  });

  it('should lose an unfinished last line and nothing else', async () => {
    await exchange('M1');
    const whole = await readFile(log, 'utf8');
    await appendFile(log, whole.slice(0, 40));
    expect((await readEmrLog(log)).frames).toHaveLength(1);
    await exchange('M2');
    expect((await readEmrLog(log)).frames.map(({ controlId }) => controlId)).toEqual(['M1', 'M2']);
    expect((await readFile(log, 'utf8')).startsWith(whole)).toBe(true);
  });

  it('should name the line that is damaged', async () => {
    await exchange('M1');
    await appendFile(log, '{"type":"other"}\n');
    await expect(readEmrLog(log)).rejects.toThrow(/line 4 of the EMR log .* is not a record/);
  });
});
