/** Payloads as codec servers exchange them: the JSON form of protocol buffers, with bytes in base64. */
import type { Payload } from '@temporalio/common';
import { z } from 'zod';

const base64 = z.base64().transform((text): Uint8Array => Buffer.from(text, 'base64'));

export const PayloadsSchema = z.object({
  payloads: z
    .array(
      z.object({ metadata: z.record(z.string(), base64).default({}), data: base64.default(() => new Uint8Array()) }),
    )
    .default([]),
});

/** The JSON form of payloads. */
export function payloadsInJson(payloads: readonly Payload[]): object {
  const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
  return {
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, text(bytes)])),
      data: text(data),
    })),
  };
}
