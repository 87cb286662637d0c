/**
 * Turns errors into Temporal failures whose message and stack are a payload, which the codec encrypts; by default
 * Temporal stores both in clear. Temporal loads this module by its path, in the worker and inside the workflow
 * bundle, so it imports nothing of Node.
 *
 * It also keeps failures small. The codec refuses large payloads, and an error that cannot be encoded while another
 * one is being reported stops the worker.
 */
import { DefaultFailureConverter } from '@temporalio/common';
import type { Payload, PayloadConverter, ProtoFailure } from '@temporalio/common';

type SerializationContext = Parameters<DefaultFailureConverter['errorToFailureInner']>[2];

/** Characters. A message for a person is shorter, and so is a useful stack. */
const LONGEST_MESSAGE = 8 * 1024;
const LONGEST_STACK = 16 * 1024;
/** Bytes; the details of a DuctusError are a few short values. */
const LARGEST_DETAILS = 64 * 1024;

class BoundedFailureConverter extends DefaultFailureConverter {
  constructor() {
    super({ encodeCommonAttributes: true });
  }

  override errorToFailureInner(
    error: unknown,
    converter: PayloadConverter,
    context?: SerializationContext,
  ): ProtoFailure {
    const failure = super.errorToFailureInner(error, converter, context);
    // In place, as the base class does: a failure that came from Temporal is a protobuf object with defaults behind it.
    failure.message = shorten(failure.message, LONGEST_MESSAGE);
    failure.stackTrace = shorten(failure.stackTrace, LONGEST_STACK);
    const details = failure.applicationFailureInfo?.details;
    if (details?.payloads != null && sizeOf(details.payloads) > LARGEST_DETAILS) {
      details.payloads = [converter.toPayload({ detailsTooLarge: true }, context)];
    }
    return failure;
  }
}

/** Loaded by this name (`DataConverter.failureConverterPath`). */
export const failureConverter = new BoundedFailureConverter();

function shorten(text: string | null | undefined, longest: number): string {
  if (text == null) return '';
  return text.length > longest ? `${text.slice(0, longest)} … (${text.length} characters)` : text;
}

function sizeOf(payloads: readonly Payload[]): number {
  return payloads.reduce((sum, payload) => sum + (payload.data?.length ?? 0), 0);
}
