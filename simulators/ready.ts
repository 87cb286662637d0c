/** What a simulator process and the process that started it say to each other. */
import { z } from 'zod';

/** Environment variable: `1` ends the simulator when its standard input ends. */
export const WITH_PARENT = 'DUCTUS_SIMULATOR_WITH_PARENT';

/** The one line that a simulator prints when it serves. */
export const ReadySchema = z.discriminatedUnion('simulator', [
  z.object({
    simulator: z.literal('emr'),
    pid: z.number(),
    seed: z.number(),
    port: z.number(),
    controlUrl: z.string(),
  }),
  z.object({
    simulator: z.literal('his'),
    pid: z.number(),
    seed: z.number(),
    controlUrl: z.string(),
  }),
  z.object({
    simulator: z.literal('roche'),
    pid: z.number(),
    seed: z.number(),
    servicesUrl: z.string(),
    /** Base of the patient services. */
    fhirUrl: z.string(),
    s3Endpoint: z.string(),
    controlUrl: z.string(),
  }),
]);
export type Ready = z.infer<typeof ReadySchema>;
