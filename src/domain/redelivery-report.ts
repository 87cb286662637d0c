/** The before/after difference that a person signs off, as it lies in the blob store. Values in it are PHI. */
import { z } from 'zod';

/** Why a file cannot be sent again. */
export const CannotRedeliver = {
  /** It was deleted when its time was over (`blobs.retainDays`). */
  blobGone: 'blob-gone',
  underWay: 'under-way',
  parked: 'parked',
  /** It is being sent again already. */
  redeliveryUnderWay: 'redelivery-under-way',
  /** Today's reader or mapping does not take it. */
  notMapped: 'not-mapped',
} as const;
export type CannotRedeliver = (typeof CannotRedeliver)[keyof typeof CannotRedeliver];

const count = z.number().int().nonnegative();

/** One field that differs, over all files. */
const field = z.object({
  /** Position, as in `OBX-3.1` or `Observation.valueQuantity.unit`. */
  field: z.string(),
  /** Resources with a difference here. */
  resources: count,
  /** The first that were found; other pairs are counted in `resources` only. */
  examples: z.array(z.object({ before: z.string(), after: z.string(), resources: count }).readonly()).readonly(),
});
export type FieldDifference = Readonly<z.infer<typeof field>>;

const resource = z.object({ organization: z.string(), notificationId: z.string(), reference: z.string() });

export const RedeliveryReportSchema = z
  .object({
    destination: z.string(),
    all: z.boolean(),
    files: z.object({ looked: count, toSend: count, same: count, cannot: count }).readonly(),
    resources: z
      .object({
        /** Of which the destination has this very version, from these files. */
        compared: count,
        changed: count,
        appear: count,
        disappear: count,
        /** The destination has a newer version: left out. */
        newer: count,
        /** The destination has it from another file, and it goes with that one. */
        elsewhere: count,
      })
      .readonly(),
    /** Most frequent first. */
    fields: z.array(field.readonly()).readonly(),
    appear: z.array(resource.readonly()).readonly(),
    disappear: z.array(resource.readonly()).readonly(),
    /** Counts by reason, and the first of them by name. */
    cannot: z
      .object({
        counts: z.partialRecord(z.enum(CannotRedeliver), count).readonly(),
        files: z
          .array(
            z
              .object({
                organization: z.string(),
                notificationId: z.string(),
                why: z.enum(CannotRedeliver),
                /** Of the error table, where there is one. */
                code: z.string().exactOptional(),
              })
              .readonly(),
          )
          .readonly(),
      })
      .readonly(),
  })
  .readonly();
export type RedeliveryReport = z.infer<typeof RedeliveryReportSchema>;
