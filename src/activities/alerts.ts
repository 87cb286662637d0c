/** Telling people once when a condition begins and once when it ends. */
import type { Alert } from '../domain/data-sharing';
import { clearAlert, markUntold, raiseAlert, takeUntold } from '../store/alerts';
import type { ActivityDependencies } from './dependencies';

/** Raises an alert, unless people know of it. */
export async function raise(deps: ActivityDependencies, alert: Alert): Promise<void> {
  if (!(await raiseAlert(deps.store, alert))) return;
  await tellOrKeep(deps, { kind: 'raised', ...alert });
}

/** Clears an alert, if it was raised. */
export async function clear(deps: ActivityDependencies, key: string, code: Alert['code'], text: string): Promise<void> {
  if (!(await clearAlert(deps.store, key))) return;
  await tellOrKeep(deps, { kind: 'cleared', key, code, text });
}

/** Tells what could not be told before: the webhook was down, or the worker crashed between its note and its call. */
export async function tellAgain(deps: ActivityDependencies): Promise<void> {
  for (const { key, code, text, kind } of await takeUntold(deps.store)) {
    await tellOrKeep(deps, { kind, key, code, text: kind === 'raised' ? text : `It is over: ${text}` });
  }
}

async function tellOrKeep(
  deps: ActivityDependencies,
  event: Parameters<ActivityDependencies['tell']>[0],
): Promise<void> {
  if (!(await deps.tell(event))) await markUntold(deps.store, event.key);
}
