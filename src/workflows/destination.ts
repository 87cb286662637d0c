/**
 * A destination that is not simply open: paused after failures, held by an operator, or draining a backlog. Runs only
 * while that lasts. It alone decides who may send meanwhile, so a backlog of days goes out in order, at a limited
 * rate, and people are told once when it begins and once when it ends (PEERS B2, B4).
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineSignal,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { DestinationActivities } from '../activities/destination';
import { DestinationState } from '../domain/destinations';
import type { DestinationInput, DestinationOrder, DestinationPace, DestinationReport } from '../domain/destinations';
import type { ErrorCode } from '../domain/errors';
import type { DestinationId } from '../domain/identifiers';
import { LIMITS } from '../domain/limits';
import { SIGNALS } from '../domain/messages';
import { ROCHE_DESTINATION_PREFIX } from '../domain/workflow-ids';
import { pausedDetails } from './operator-view';
import { ERROR_CODE, STAGE } from './search-attributes';
import { GROWING_WAITS } from './waits';

export const report = defineSignal<[DestinationReport]>(SIGNALS.report);
/** Signals, not updates: they may be what starts the workflow, and an order to hold always succeeds. */
export const hold = defineSignal<[DestinationOrder]>(SIGNALS.hold);
export const resume = defineSignal<[DestinationOrder]>(SIGNALS.resume);

const activities = proxyActivities<DestinationActivities>({
  startToCloseTimeout: LIMITS.ledgerStepMs,
  retry: GROWING_WAITS,
});

/**
 * Length of one step of a drain. Temporal's timers are good to a second or so (a timer of 100 ms took 1 s, measured), so
 * the activity spaces the deliveries within a step: the order in which work is let through is the order in which it goes.
 */
const STEP_MS = 1_000;

/** What signals have said since it was last looked at. */
interface Heard {
  held: DestinationOrder | undefined;
  resumed: DestinationOrder | undefined;
  /** An operator wants the next try now. */
  woken: boolean;
  failing: ErrorCode | undefined;
  succeeded: boolean;
}

export async function destination(input: DestinationInput): Promise<void> {
  const { destination: id } = input;
  const heard: Heard = { held: input.held, resumed: undefined, woken: false, failing: undefined, succeeded: false };
  setHandler(report, (message) => {
    if (message.kind === 'failing') heard.failing = message.code;
    else heard.succeeded = true;
  });
  setHandler(hold, (order) => void (heard.held = order));
  setHandler(resume, (order) => {
    heard.held = undefined;
    heard.resumed = order;
    heard.woken = true;
  });

  let failures = input.failures ?? 0;
  let draining = input.draining === true;
  const pace = await activities.destinationPace(id);
  for (;;) {
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof destination>({
        destination: id,
        failures,
        draining,
        ...(heard.held === undefined ? {} : { held: heard.held }),
      });
    }
    if (heard.held !== undefined) {
      await stayHeld(id, heard);
      failures = 0;
    } else if (!draining) {
      failures += 1;
      if (!(await stayPaused(id, heard, pace, failures))) continue;
      failures = 0;
    }
    draining = heard.held === undefined;
    if (!draining) continue;
    draining = false;
    const end = await drain(id, heard, pace);
    if (end === 'long') draining = true;
    // A report may have come while the last step ran: then it is not over.
    if (end === 'open' && heard.failing === undefined && heard.held === undefined) {
      await condition(allHandlersFinished);
      show(DestinationState.open, '');
      return;
    }
  }
}

async function stayHeld(id: DestinationId, heard: Heard): Promise<void> {
  const order = heard.held;
  if (order === undefined) return;
  await activities.setDestinationState({ destination: id, state: DestinationState.held, order });
  show(
    DestinationState.held,
    `Held by ${order.by}: ${order.reason}. Nothing is sent until \`ductus destinations resume ${id}\`.`,
  );
  await condition(() => heard.held === undefined);
  await recordResume(id, heard);
}

async function recordResume(id: DestinationId, heard: Heard): Promise<void> {
  const order = heard.resumed;
  heard.resumed = undefined;
  await activities.recordResume({ destination: id, ...(order === undefined ? {} : { order }) });
}

/**
 * Waits and lets one delivery try.
 * @returns true when it went through, or when nobody waits
 */
async function stayPaused(id: DestinationId, heard: Heard, pace: DestinationPace, failures: number): Promise<boolean> {
  const waitMs = Math.min(pace.longestWaitMs, pace.firstWaitMs * 2 ** Math.min(failures - 1, 20));
  const code = heard.failing ?? unreachableCode(id);
  heard.woken = false;
  await activities.setDestinationState({ destination: id, state: DestinationState.paused, waitMs });
  await activities.raiseDestinationAlert({ destination: id, code });
  show(
    DestinationState.paused,
    pausedDetails({ destination: id, failures, code, nextAtMs: Date.now() + waitMs }),
    code,
  );
  await condition(() => heard.woken || heard.held !== undefined, waitMs);
  if (heard.woken && patched('resume-of-paused')) await recordResume(id, heard);
  if (heard.held !== undefined) return false;
  heard.failing = undefined;
  heard.succeeded = false;
  if ((await activities.releaseWaiters({ destination: id, count: 1 })) > 0) {
    await condition(
      () => heard.succeeded || heard.failing !== undefined || heard.held !== undefined,
      pace.probeTimeoutMs,
    );
    if (!heard.succeeded) return false;
  }
  return true;
}

/**
 * Lets the backlog through in order. The alert ends when the backlog does, or when a long one has drained for a while: an
 * EMR that takes one message and fails again is one condition, not two.
 * @returns `open`: nobody waits any more; `stopped`: it fails again or is held; `long`: the history is long enough
 */
async function drain(id: DestinationId, heard: Heard, pace: DestinationPace): Promise<'open' | 'stopped' | 'long'> {
  heard.failing = undefined;
  await activities.setDestinationState({ destination: id, state: DestinationState.draining });
  show(
    DestinationState.draining,
    `It works again. What waits goes out in order, ${String(pace.drainPerSecond)} ${isRoche(id) ? 'patients' : 'files'} per second.`,
  );
  const spacingMs = 1000 / pace.drainPerSecond;
  const count = Math.max(1, Math.floor(STEP_MS / spacingMs));
  const stopped = (): boolean => heard.failing !== undefined || heard.held !== undefined;
  const steadyAt = Date.now() + pace.longestWaitMs;
  let told = false;
  for (;;) {
    const through = await activities.releaseWaiters({
      destination: id,
      count,
      ...(count > 1 ? { spacingMs } : {}),
    });
    if (!told && (through === 0 || Date.now() >= steadyAt)) {
      await activities.clearDestinationAlert(id);
      told = true;
    }
    if (through === 0 && (await activities.openDestination(id))) return 'open';
    if (count === 1) await condition(stopped, Math.ceil(spacingMs));
    if (stopped()) return 'stopped';
    if (workflowInfo().continueAsNewSuggested) return 'long';
  }
}

/** Roche's patient services, and not an EMR. */
function isRoche(id: DestinationId): boolean {
  return id.startsWith(ROCHE_DESTINATION_PREFIX);
}

/** What is said of a destination that fails when no delivery has said more. */
function unreachableCode(id: DestinationId): ErrorCode {
  return isRoche(id) ? 'DUCTUS_ROCHE_UNREACHABLE' : 'DUCTUS_EMR_UNREACHABLE';
}

function show(state: DestinationState, details: string, code: ErrorCode | null = null): void {
  upsertSearchAttributes([
    { key: STAGE, value: state },
    { key: ERROR_CODE, value: code },
  ]);
  setCurrentDetails(details === '' ? '' : `**${state}**. ${details}`);
}
