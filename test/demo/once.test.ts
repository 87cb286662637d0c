/** `npm start -- --once --json`: a whole day on real parts. About half a minute. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { contentsOf, readEmrLog } from '../../simulators/emr/frames';
import { temporaryFolder } from '../support/temporary-folder';
import { runs } from '../support/runs';
import { until } from '../support/until';
import { DemoProcess } from './demo-process';

const Result = z.object({
  byType: z.record(z.string(), z.number()),
  corrections: z.number(),
  deletions: z.number(),
});

describe('npm start -- --once --json', () => {
  it('should deliver the sample day once and say so in one line', async () => {
    using folder = temporaryFolder();
    await using demo = new DemoProcess('--once', '--json', '--seed', '1', '--data-dir', folder.path);
    const exitCode = await demo.ended();

    expect({ exitCode, stdout: demo.stdout, stderr: demo.stderr }).toMatchObject({ exitCode: 0 });
    expect(demo.stdout.split('\n')).toEqual([expect.any(String), '']);
    expect(JSON.parse(demo.stdout)).toEqual({
      flow: 'data-sharing',
      notified: 60,
      duplicates: 2,
      delivered: 60,
      acked: 60,
      parked: 0,
      repaired: 1,
      lost: 0,
      twice: 0,
      p50Ms: expect.any(Number),
      p95Ms: expect.any(Number),
      byType: {
        glucose: expect.any(Number),
        carbs: expect.any(Number),
        insulin: expect.any(Number),
        device: expect.any(Number),
        report: 3,
      },
      corrections: 11,
      deletions: 6,
      unmapped: 0,
      seed: 1,
    });
    expect(demo.stderr).not.toContain('\u001b');
    expect(demo.stderr).toMatch(/parked retry data-sharing\/st-marien\/\S+ --reason/);

    const { stats, frames } = await readEmrLog(join(folder.path, 'emr-frames.jsonl'));
    const { byType, corrections, deletions } = Result.parse(JSON.parse(demo.stdout));
    expect(contentsOf(frames)).toEqual({ byKind: byType, corrections, deletions });
    const types = new Set(frames.map(({ messageType }) => messageType));
    expect(types).toEqual(new Set(['ORU^R01', 'RAS^O17', 'MDM^T02', 'MDM^T10']));
    expect(stats).toMatchObject({ refused: 1, invalid: 0, ambiguous: 1, repeats: 1, starts: 2 });
    expect(readFileSync(join(folder.path, 'ductus.yaml'), 'utf8')).toContain('st-anna');
  }, 180_000);

  it('should not take the same seed on the data of an earlier day, nor leave anything running when it is stopped', async () => {
    using folder = temporaryFolder();
    await using demo = new DemoProcess('--once', '--seed', '2', '--data-dir', folder.path);
    await until(() => demo.stdout.includes('Morning'), 60_000, 'the first scene');
    demo.child.kill('SIGINT');
    expect({ exitCode: await demo.ended(), stderr: demo.stderr }).toEqual({ exitCode: 130, stderr: '\nStopped.\n' });
    const log = readFileSync(join(folder.path, 'ductus.log'), 'utf8');
    const pid = Number(/"pid":(\d+)/.exec(log)?.[1]);
    expect({ isPid: pid > 0, runs: runs(pid) }).toEqual({ isPid: true, runs: false });

    await using again = new DemoProcess('--once', '--seed', '2', '--data-dir', folder.path);
    expect(await again.ended()).toBe(1);
    expect(again.stderr).toContain('everything would be a duplicate');
  }, 120_000);
});
