/** Telling people once when a condition begins and once when it ends. */
import type { Alert } from '../domain/data-sharing';
import { clearAlert, raiseAlert } from '../store/alerts';
import type { ActivityDependencies } from './dependencies';

/** Raises an alert, unless people know of it. */
export async function raise(deps: ActivityDependencies, alert: Alert): Promise<void> {
  if (!(await raiseAlert(deps.store, alert))) return;
  await deps.tell({ kind: 'raised', ...alert });
}

/** Clears an alert, if it was raised. */
export async function clear(deps: ActivityDependencies, key: string, code: Alert['code'], text: string): Promise<void> {
  if (!(await clearAlert(deps.store, key))) return;
  await deps.tell({ kind: 'cleared', key, code, text });
}
