/** Workflows of `history.test.ts`: every way in which a value can get into a history. */
import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';
import type { createHistoryActivities } from './history.activities';

type Activities = ReturnType<typeof createHistoryActivities>;

const local = proxyLocalActivities<Activities>({ startToCloseTimeout: '10s', retry: { maximumAttempts: 1 } });
const regular = proxyActivities<Activities>({ startToCloseTimeout: '10s', retry: { maximumAttempts: 1 } });

export const told = defineSignal<[string]>('told');
export const changed = defineUpdate<string, [string]>('changed');
export const lastTold = defineQuery<string>('lastTold');

export async function everyWay(secret: string): Promise<{ result: string; localFailure: string; failure: string }> {
  let heard = '';
  let updated = false;
  setHandler(told, (text) => {
    heard = text;
  });
  setHandler(lastTold, () => heard);
  setHandler(changed, (text) => {
    updated = true;
    return `changed ${text}`;
  });
  await condition(() => heard !== '' && updated);
  const localResult = await local.echo(secret);
  const regularResult = await regular.echo(secret);
  return {
    result: `${localResult} ${regularResult}`,
    localFailure: await messageOf(local.fail(secret)),
    failure: await messageOf(regular.fail(secret)),
  };
}

export async function failing(secret: string): Promise<void> {
  await regular.echo(secret);
  throw ApplicationFailure.nonRetryable(`the workflow fails with ${secret}`, 'DUCTUS_INTERNAL', { secret });
}

/** An activity fails with more than the codec lets through. */
export async function failingHugely(): Promise<string> {
  return messageOf(regular.failHugely());
}

/** An activity returns more than the codec lets through. */
export async function returningTooMuch(): Promise<string> {
  return messageOf(regular.returnTooMuch());
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'it did not fail';
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message : String(cause);
  }
}
