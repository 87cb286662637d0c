/** `npm start`: stays up, survives a kill of Ductus, takes somebody's own file, and leaves nothing running. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { bgBundle } from '../../simulators/roche-dc/sample-data';
import { runs } from '../support/runs';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';
import { DemoProcess } from './demo-process';

const RunFile = z.object({ pid: z.number() });

describe('npm start', () => {
  it('should start Ductus again after a kill, take a file of one’s own, and end with everything it started', async () => {
    using folder = temporaryFolder();
    await using demo = new DemoProcess('--data-dir', folder.path);
    const says = (what: string | RegExp, limitMs: number) =>
      until(
        () => {
          expect({ exitCode: demo.child.exitCode, stderr: demo.stderr }).toEqual({ exitCode: null, stderr: '' });
          return demo.stdout.search(what) >= 0;
        },
        limitMs,
        `the line ${String(what)}`,
      );

    await says('Morning', 60_000);
    expect(demo.stdout).toMatch(
      /Temporal Web UI +http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\?query=DuctusFlow/,
    );
    const killed = Number(readFileSync(join(folder.path, 'ductus.pid'), 'utf8'));
    process.kill(killed, 'SIGKILL');
    await says('Ductus ended \\(signal SIGKILL\\)', 10_000);
    await says('Ductus runs again', 60_000);

    const file = join(folder.path, 'my-bundle.json');
    writeFileSync(file, JSON.stringify(bgBundle({ patient: 900, count: 5, seed: 900 })));
    await using send = new DemoProcess('--send', file, '--data-dir', folder.path);
    expect({ exitCode: await send.ended(), stderr: send.stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(send.stdout).toMatch(/Ductus answered 202[^]*Acknowledged .* after the notification/);

    const data = join(folder.path, 'data');
    const pids = [
      Number(readFileSync(join(folder.path, 'ductus.pid'), 'utf8')),
      ...['temporal.json', 'postgres.json'].map(
        (name) => RunFile.parse(JSON.parse(readFileSync(join(data, name), 'utf8'))).pid,
      ),
    ];
    expect(pids.map(runs)).toEqual([true, true, true]);
    demo.child.kill('SIGINT');
    expect(await demo.ended()).toBe(0);
    expect([killed, ...pids].map(runs)).toEqual([false, false, false, false]);
    expect(demo.stdout).toContain('goes on with the same data');
  }, 180_000);

  it('should say what to do when the flags are wrong or there is no demo to send a file to', async () => {
    using folder = temporaryFolder();
    const results = await Promise.all(
      [['--json'], ['--seed', 'x', '--once'], ['--nonsense'], ['--send', 'x.json', '--data-dir', folder.path]].map(
        async (args) => {
          const demo = new DemoProcess(...args);
          return [await demo.ended(), demo.stderr] as const;
        },
      ),
    );
    expect(results).toEqual([
      [2, expect.stringContaining('--json needs --once')],
      [2, expect.stringContaining('use a whole number')],
      [2, expect.stringContaining("unknown option '--nonsense'")],
      [1, expect.stringContaining('Run `npm start` in another terminal first.')],
    ]);
  });

  it('should say why Ductus did not start', async () => {
    using folder = temporaryFolder();
    const before = process.env['DUCTUS_TEMPORAL_BINARY'];
    process.env['DUCTUS_TEMPORAL_BINARY'] = '/nowhere/temporal';
    try {
      await using demo = new DemoProcess('--once', '--data-dir', folder.path);
      expect(await demo.ended()).toBe(1);
      expect(demo.stderr).toContain('/nowhere/temporal');
      expect(demo.stderr).toContain('ductus.log');
      expect(demo.stderr).not.toContain('    at ');
    } finally {
      if (before === undefined) delete process.env['DUCTUS_TEMPORAL_BINARY'];
      else process.env['DUCTUS_TEMPORAL_BINARY'] = before;
    }
  }, 60_000);
});
