/** How the night stands: how many problems are repaired, and what the EMRs lack or have twice. */
import { z } from 'zod';
import type { NightHospital } from './hospital';
import type { NightFiles } from './prepare';
import { NIGHT_PROBLEMS } from './problems';

export const NightScoreSchema = z.object({
  problems: z.array(
    z.object({
      number: z.number().int(),
      state: z.enum(['open', 'repaired']),
      /** Not given away before the night is over. */
      name: z.string().optional(),
      solution: z.string().optional(),
    }),
  ),
  repaired: z.number().int(),
  /** Items that Roche shared and no EMR has. */
  lost: z.number().int(),
  /** Items that came under two MSH-10s, and messages sent again to an EMR that takes each for new. */
  twice: z.number().int(),
});
export type NightScore = z.infer<typeof NightScoreSchema>;

/** @param solve with the names of the problems, which are also given when all are repaired */
export async function nightScore(night: NightHospital, files: NightFiles, solve: boolean): Promise<NightScore> {
  await night.look();
  const repaired = await Promise.all(NIGHT_PROBLEMS.map(async (problem) => problem.isRepaired(night, files)));
  const counts = night.counts();
  const count = repaired.filter(Boolean).length;
  const over = solve || isOver({ repaired: count, ...counts });
  return {
    problems: NIGHT_PROBLEMS.map(({ name, solution }, index) => ({
      number: index + 1,
      state: repaired[index] === true ? ('repaired' as const) : ('open' as const),
      ...(over ? { name, solution } : {}),
    })),
    repaired: count,
    ...counts,
  };
}

/** Whether nothing is left to do. What is there twice stays so. */
export function isOver({ repaired, lost }: Pick<NightScore, 'repaired' | 'lost'>): boolean {
  return repaired === NIGHT_PROBLEMS.length && lost === 0;
}

/** In lines for a person. */
export function scoreLines({ problems, repaired, lost, twice }: NightScore): string[] {
  const named = problems.flatMap(({ number, state, name, solution }) =>
    name === undefined
      ? []
      : [`  ${String(number).padStart(2)} ${state.padEnd(8)}  ${name}`, `               ${solution ?? ''}`],
  );
  return [
    `${String(repaired)} of ${String(problems.length)} repaired; the EMRs lack ${String(lost)} items and have ${String(twice)} twice.`,
    ...named,
  ];
}
