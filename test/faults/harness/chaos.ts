/** Kills as planned, and starts again. Keeps a record: the evidence has to explain each repeat by it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until';
import type { KillKind, PlannedKill } from './plan';
import type { Stage } from './stage';

export interface Killed {
  readonly kind: KillKind;
  readonly name: string;
  /** Epoch milliseconds just before the signal, and just after the process was gone. */
  readonly atMs: number;
  readonly goneAtMs: number;
}

/** Runs the plan. @returns when everything that was killed is up again */
export async function runKills(
  stage: Stage,
  plan: readonly PlannedKill[],
  startedAtMs: number,
  say: (line: string) => void,
): Promise<readonly Killed[]> {
  const done: Killed[] = [];
  const byKind = Map.groupBy(plan, (kill) => kill.kind);
  await Promise.all(
    [...byKind.values()].map(async (kills) => {
      for (const kill of kills) {
        await sleep(Math.max(0, startedAtMs + kill.atMs - Date.now()));
        done.push(await execute(stage, kill, say));
      }
    }),
  );
  return done.sort((one, other) => one.atMs - other.atMs);
}

async function execute(stage: Stage, kill: PlannedKill, say: (line: string) => void): Promise<Killed> {
  const { kind, downMs } = kill;
  /** @param end kills; @param again starts, when it has been down for long enough */
  const done = async (name: string, end: () => Promise<unknown>, again: () => Promise<unknown>): Promise<Killed> => {
    const atMs = Date.now();
    await end();
    const goneAtMs = Date.now();
    await again();
    say(`killed ${name}; up again after ${String(Date.now() - atMs)} ms`);
    return { kind, name, atMs, goneAtMs };
  };
  const later = async (start: () => Promise<void>): Promise<void> => {
    await sleep(downMs);
    await start();
  };
  switch (kind) {
    case 'api':
    case 'worker': {
      const candidates = kind === 'api' ? [stage.api] : stage.workers;
      const target = await until(
        () => {
          const running = candidates.filter((one) => one.pid !== undefined);
          return running[kill.which % running.length];
        },
        60_000,
        `a running ${kind}`,
      );
      return done(
        target.name,
        () => target.kill(downMs),
        () => until(() => target.pid !== undefined, 60_000, `the start of ${target.name}`),
      );
    }
    case 'emr':
      await stage.emr.count();
      return done(
        kind,
        () => stage.emr.kill(),
        () => later(() => stage.emr.startAgain()),
      );
    case 'temporal':
      return done(
        kind,
        () => stage.temporal.kill(),
        () => later(() => stage.temporal.start()),
      );
    case 'postgres':
      return done(
        kind,
        () => stage.postgres.kill(),
        () => later(() => stage.postgres.start()),
      );
  }
}
