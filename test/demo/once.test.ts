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
/** Keeps the order of the keys. */
const Patients = z.looseObject({});

describe('npm start -- --once --json', () => {
  it('should bring data to the EMRs and patients to Roche once, and say so in a line for each', async () => {
    using folder = temporaryFolder();
    await using demo = new DemoProcess('--once', '--json', '--seed', '1', '--data-dir', folder.path);
    const exitCode = await demo.ended();

    expect({ exitCode, stdout: demo.stdout, stderr: demo.stderr }).toMatchObject({ exitCode: 0 });
    const [sharing = '', patients = '', ...rest] = demo.stdout.split('\n');
    expect(rest).toEqual(['']);
    expect(JSON.parse(sharing)).toEqual({
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
    expect(Object.entries(Patients.parse(JSON.parse(patients)))).toEqual([
      ['flow', 'patient-sync'],
      ['received', 37],
      ['created', 30],
      ['updated', expect.any(Number)],
      ['merged', 1],
      ['parked', 1],
      ['lost', 0],
      ['duplicated', 0],
      ['outOfOrder', 0],
      ['p50Ms', expect.any(Number)],
      ['p95Ms', expect.any(Number)],
    ]);
    expect(demo.stderr).not.toContain('\u001b');
    // What Roche refused, for the registration desk; and who has not consented.
    expect(demo.stderr).toMatch(/SYN-\w{6}-M\d+ +DUCTUS_PATIENT_DUPLICATE A28 +Patient\.telecom/);
    expect(demo.stderr).toContain('was found at Roche and updated, not created again');
    expect(demo.stderr).toMatch(/data-sharing\/st-anna\/\S+ +DUCTUS_CONSENT_MISSING/);
    expect(demo.stderr).toMatch(/parked retry data-sharing\/st-marien\/\S+ --reason/);

    const { stats, frames } = await readEmrLog(join(folder.path, 'emr-frames.jsonl'));
    const { byType, corrections, deletions } = Result.parse(JSON.parse(sharing));
    expect(contentsOf(frames)).toEqual({ byKind: byType, corrections, deletions });
    const types = new Set(frames.map(({ messageType }) => messageType));
    expect(types).toEqual(new Set(['ORU^R01', 'RAS^O17', 'MDM^T02', 'MDM^T10']));
    // St. Anna's data come under the numbers of its HIS; in the evening, those of the merged patient under the survivor's.
    const numbers = frames.map(({ bytes }) => /^PID\|[^|]*\|[^|]*\|([^|\r]*)/m.exec(bytes.toString())?.[1] ?? '');
    const anna = numbers.filter((number) => number.endsWith('^HOSP^MR'));
    expect(new Set(anna).size).toBe(24);
    expect(anna.every((number) => /^SYN-[0-9A-Z]{6}-\d{3}\^\^\^HOSP\^MR$/.test(number))).toBe(true);
    expect(anna.filter((number) => number.includes('-064^'))).toEqual([]);
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
