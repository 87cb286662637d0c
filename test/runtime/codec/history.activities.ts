/** Activities of `history.test.ts`. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';

/** Larger than the codec's limit. */
const HUGE = 'x'.repeat(600 * 1024);

export function createHistoryActivities() {
  return {
    echo: (text: string): Promise<string> => Promise.resolve(`echo ${text}`),

    fail: (text: string): Promise<void> => {
      if (!Context.current().info.isLocal) Context.current().heartbeat({ text });
      throw ApplicationFailure.nonRetryable(`failed with ${text}`, 'DUCTUS_INTERNAL', { text });
    },

    failHugely: (): Promise<void> => {
      throw ApplicationFailure.nonRetryable(`huge ${HUGE}`, 'DUCTUS_INTERNAL', { HUGE });
    },

    returnTooMuch: (): Promise<string> => Promise.resolve(HUGE),
  };
}
