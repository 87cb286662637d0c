/** The errors for what a destination answered, and for an answer that does not say whether it has the message. */
import { DuctusError, type SafeDetails } from '../../domain/errors';
import type { MessageControlId } from '../../domain/identifiers';

/** What a no can mean. */
export type AnswerCode =
  'DUCTUS_EMR_REJECTED' | 'DUCTUS_EMR_BUSY' | 'DUCTUS_EMR_MISCONFIGURED' | 'DUCTUS_EMR_AMBIGUOUS';

/**
 * @param details what was answered; only values of a closed form, since they stand in the message too
 * @param retryAfterMs wait that the destination asked for
 */
export function answered(
  code: AnswerCode,
  controlId: MessageControlId,
  details: SafeDetails,
  retryAfterMs?: number,
): DuctusError {
  const list = Object.entries(details).map(([name, value]) => `${name} ${String(value)}`);
  return new DuctusError(code, `Message ${controlId} was answered with ${list.join(', ')}.`, {
    details: { ...details, controlId },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/**
 * The message was sent, and what came back says nothing of it.
 * @param reason one word; @param details more about it
 */
export function unknownOutcome(controlId: MessageControlId, reason: string, details: SafeDetails = {}): DuctusError {
  return new DuctusError(
    'DUCTUS_EMR_AMBIGUOUS',
    `Message ${controlId} was sent, but no valid answer came (${reason}): the EMR may or may not have it.`,
    { details: { ...details, controlId, reason } },
  );
}
