/** What the process of the embedded PostgreSQL says to the one that started it. */
import { z } from 'zod';

export const PostgresReportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('listening'), port: z.number() }),
  /** Another process has the folder open. */
  z.object({ kind: z.literal('locked') }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
]);
export type PostgresReport = z.infer<typeof PostgresReportSchema>;
