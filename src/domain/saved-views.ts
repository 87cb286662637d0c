/** Saved views of the Temporal Web UI: what an operator looks for, as queries in Temporal's list filter language. */
import { SEARCH_ATTRIBUTES } from './messages';
import { Outcome, Stage } from './stages';

export interface SavedView {
  /** Short, for a command line; never reused for something else. */
  readonly id: string;
  readonly title: string;
  readonly query: string;
}

const { flow, stage, outcome, errorCode, organization } = SEARCH_ATTRIBUTES;
const RUNNING = 'ExecutionStatus = "Running"';
/** Work that has a stage while it runs; the others are Ductus' own. */
const WORK = `${flow} IN ("data-sharing", "patient-sync", "redelivery")`;
const TRYING = [Stage.retrieving, Stage.transforming, Stage.delivering, Stage.acknowledging];

/** Older than this and not over, but neither parked nor waiting: slow. A notification usually takes a second. */
export const SLOW_MS = 10 * 60_000;

/** What narrows the views down. */
export interface ViewFilter {
  readonly organization?: string;
  readonly flow?: string;
  readonly code?: string;
}

/**
 * All views, those that are looked at most first.
 * @param nowMs a query has no "ten minutes ago"; it needs the time
 */
export function savedViews(nowMs: number, filter: ViewFilter = {}): readonly SavedView[] {
  const narrow = [
    ...(filter.organization === undefined ? [] : [`${organization} = "${filter.organization}"`]),
    ...(filter.flow === undefined ? [] : [`${flow} = "${filter.flow}"`]),
    ...(filter.code === undefined ? [] : [`${errorCode} = "${filter.code}"`]),
  ];
  const view = (id: string, title: string, ...terms: readonly string[]): SavedView => ({
    id,
    title,
    query: [...terms, ...narrow].join(' AND '),
  });
  const slowSince = new Date(nowMs - SLOW_MS).toISOString().slice(0, 19);
  return [
    view('parked', 'parked: needs a decision', `${stage} = "${Stage.parked}"`, RUNNING),
    view('retrying', 'being tried again', `${stage} IN (${TRYING.map((each) => `"${each}"`).join(', ')})`, RUNNING),
    view('waiting', 'waiting for its turn or a destination', `${stage} = "${Stage.waiting}"`, RUNNING),
    view(
      'slow',
      'not over after ten minutes',
      WORK,
      RUNNING,
      `${stage} != "${Stage.parked}"`,
      `StartTime < "${slowSince}Z"`,
    ),
    view('destinations', 'destinations that are not open', `${flow} = "destination"`, RUNNING),
    view('duplicates', 'notifications of what was dealt with before', `${outcome} = "${Outcome.alreadyDone}"`),
    view('ack-impossible', 'delivered, ACK impossible', `${outcome} = "${Outcome.deliveredAckImpossible}"`),
    view('discarded', 'discarded by an operator', `${outcome} = "${Outcome.discarded}"`),
    view('refused', 'kept from the EMR by the consent policy', `${outcome} = "${Outcome.refused}"`),
    view('patients', 'patients of the HIS on their way to Roche', `${flow} = "patient-sync"`, RUNNING),
    view('redeliveries', 'redeliveries and their comparisons', `${flow} IN ("redelivery", "redelivery-plan")`),
    view(
      'failed',
      'ended as Ductus ends nothing',
      `${flow} != ""`,
      'ExecutionStatus IN ("Failed", "Terminated", "TimedOut", "Canceled")',
    ),
  ];
}

/** Address of a view in the Web UI. @param ui its base, as in https://temporal.hospital.example */
export function viewUrl(ui: string, namespace: string, query: string): string {
  return `${ui.replace(/\/$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows?query=${encodeURIComponent(query)}`;
}
