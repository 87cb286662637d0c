/**
 * How a step runs: first quickly, as a local activity inside the workflow task (ADR 0008: one regular activity costs a
 * third of the throughput of a whole notification); when that fails in a way that a retry can help, patiently, as a
 * regular activity with growing waits that an operator sees in the Web UI.
 */
import { ApplicationFailure, CancellationScope, TimeoutFailure, condition, isCancellation } from '@temporalio/workflow';
import { ERRORS, isErrorCode, type ErrorCode } from '../domain/errors';

/** What went wrong in a step, as far as people and the next decision need it. */
export interface StepFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Reads the code of the table out of what an activity threw, through Temporal's wrapping. */
export function stepFailure(error: unknown): StepFailure {
  for (const cause of causes(error)) {
    if (cause instanceof ApplicationFailure && isErrorCode(cause.type))
      return { code: cause.type, message: cause.message };
  }
  return {
    code: 'DUCTUS_INTERNAL',
    message: causes(error).find((cause) => cause instanceof TimeoutFailure)?.message ?? ERRORS.DUCTUS_INTERNAL.title,
  };
}

/**
 * True when the same step may work on another try: by the class of its code, or since it ran out of time. Not by what
 * Temporal's wrapping says: a local activity whose attempts are spent comes back without it.
 */
function worthRetrying(error: unknown): boolean {
  const { code } = stepFailure(error);
  if (code === 'DUCTUS_INTERNAL') return causes(error).some((cause) => cause instanceof TimeoutFailure);
  return ERRORS[code].class === 'transient';
}

function causes(error: unknown): readonly Error[] {
  const found: Error[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) found.push(cause);
  return found;
}

/**
 * Runs the quick form of a step, and the patient one when a retry can help.
 * @param onSlow called once when the step is not quick, with what went wrong, to say so to operators
 */
export async function quickThenPatient<T>(
  quick: () => Promise<T>,
  patient: () => Promise<T>,
  onSlow: (failure: StepFailure) => void,
): Promise<T> {
  try {
    return await quick();
  } catch (error) {
    if (isCancellation(error) || !worthRetrying(error)) throw error;
    onSlow(stepFailure(error));
    return await patient();
  }
}

/**
 * Runs a step that the work can't go on without, like its entry in the ledger: when the quick form fails, whatever it
 * was, the patient one goes on until it works.
 * @param onSlow called once when the step is not quick, with what went wrong
 */
export async function quickThenUntilDone<T>(
  quick: () => Promise<T>,
  patient: () => Promise<T>,
  onSlow: (failure: StepFailure) => void,
): Promise<T> {
  try {
    return await quick();
  } catch (error) {
    if (isCancellation(error)) throw error;
    onSlow(stepFailure(error));
    return await patient();
  }
}

/**
 * Runs a step and starts it over when something newer makes its input stale: a notification by Roche brings a new
 * receipt handle and a new URL while the step still retries with the old one.
 * @param version counts what makes the input stale
 */
export async function withNewest<T>(version: () => number, run: () => Promise<T>): Promise<T> {
  for (;;) {
    const seen = version();
    const running = new CancellationScope();
    let over = false;
    let stale = false;
    // Ended by a flag, not cancelled: a cancellation makes an error with a stack trace, which costs more than the step.
    const watch = condition(() => over || version() > seen).then(
      () => {
        if (over) return;
        stale = true;
        running.cancel();
      },
      () => undefined,
    );
    try {
      return await running.run(run);
    } catch (error) {
      if (!(stale && isCancellation(error))) throw error;
    } finally {
      over = true;
      await watch;
    }
  }
}
