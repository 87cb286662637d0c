/** What a history says of a piece of work, as entries of its story. Texts name steps, codes and ids, never values. */
import type { StoryEntry, StoryKind } from '../../domain/story';
import { SEARCH_ATTRIBUTES, SIGNALS } from '../../domain/messages';
import { field, type PayloadReader } from './read-payloads';
import type { HistoryEvent, PendingStep, WorkflowRun } from './histories';

type Details = StoryEntry['details'];

interface Step {
  readonly name: string;
  readonly input: unknown;
}

/** Steps that say nothing to an operator. */
const SILENT: ReadonlySet<string> = new Set(['millisecondsToDeadline', 'recordDecision']);

/** What a step of that name is about, for failures and attempts. */
const KIND_OF_STEP: Readonly<Record<string, StoryKind>> = {
  openNotification: 'opened',
  openRedelivery: 'opened',
  obtainToken: 'token',
  retrieveFile: 'file',
  transformFile: 'transform',
  transformRedelivery: 'transform',
  deliverMessages: 'message',
  acknowledge: 'acknowledged',
  recordParked: 'parked',
  closeNotification: 'closed',
  startConflict: 'redelivery',
  raiseDeadlineAlert: 'alert',
  takeUpChanges: 'opened',
  sendPatient: 'message',
  recordPatientParked: 'parked',
  reportToDesk: 'alert',
};

/** The entries of one run, in the order of the history. */
export async function storyOfRun(run: WorkflowRun, reader: PayloadReader): Promise<StoryEntry[]> {
  const entries: StoryEntry[] = [];
  const steps = new Map<string, Step>();
  const started = new Map<string, HistoryEvent>();
  let notifications = 0;
  const add = (at: Date, kind: StoryKind, text: string, details: Details = {}): void => {
    entries.push({ at, from: 'history', kind, text, details: { ...details, run: run.runId } });
  };
  for (const event of run.history.events ?? []) {
    let at = timeOf(event);
    const {
      workflowExecutionSignaledEventAttributes: signaled,
      markerRecordedEventAttributes: marker,
      activityTaskScheduledEventAttributes: scheduled,
      activityTaskStartedEventAttributes: start,
      activityTaskCompletedEventAttributes: completed,
      activityTaskFailedEventAttributes: failed,
      activityTaskTimedOutEventAttributes: timedOut,
      workflowExecutionUpdateAcceptedEventAttributes: update,
      upsertWorkflowSearchAttributesEventAttributes: attributes,
    } = event;
    if (signaled != null) {
      const argument = await reader.first(signaled.input?.payloads);
      if (signaled.signalName === SIGNALS.notified) notifications += 1;
      const entry = signalEntry(signaled.signalName ?? '', argument, notifications);
      if (entry !== undefined) add(at, ...entry);
    } else if (marker?.markerName === 'core_local_activity') {
      const data = await reader.first(marker.details?.['data']?.payloads);
      const name = field(data, 'activity_type') ?? '';
      // Markers are written down together, at the end of the workflow task; each says when its step ended.
      at = completeTime(data) ?? at;
      if (marker.failure == null) {
        const entry = doneEntry(
          { name, input: undefined },
          await reader.first(marker.details?.['result']?.payloads),
          1,
        );
        if (entry !== undefined) add(at, ...entry);
      } else {
        const { code, message } = await reader.failure(marker.failure);
        add(at, 'failed', `${name} failed, quick try: ${code} ${message}`.trimEnd(), { step: name, attempt: 1, code });
      }
    } else if (scheduled != null) {
      const name = scheduled.activityType?.name ?? '';
      steps.set(String(event.eventId), { name, input: await reader.first(scheduled.input?.payloads) });
    } else if (start != null) {
      started.set(String(start.scheduledEventId), event);
      const attempt = start.attempt ?? 1;
      const name = steps.get(String(start.scheduledEventId))?.name ?? '';
      if (attempt > 1 && start.lastFailure != null) {
        const { code, message } = await reader.failure(start.lastFailure);
        const text = `${name} failed ${String(attempt - 1)} times, the last time with ${code} ${message}`;
        add(at, 'failed', text.trimEnd(), { step: name, attempt: attempt - 1, code });
      }
    } else if (completed != null) {
      const step = steps.get(String(completed.scheduledEventId)) ?? { name: '', input: undefined };
      const attempt = started.get(String(completed.scheduledEventId))?.activityTaskStartedEventAttributes?.attempt ?? 1;
      const entry = doneEntry(step, await reader.first(completed.result?.payloads), attempt);
      if (entry !== undefined) add(at, ...entry);
    } else if (failed != null || timedOut != null) {
      const name = steps.get(String(failed?.scheduledEventId ?? timedOut?.scheduledEventId))?.name ?? '';
      const { code, message } = await reader.failure(failed?.failure ?? timedOut?.failure);
      const scheduledId = String(failed?.scheduledEventId ?? timedOut?.scheduledEventId);
      const attempt = started.get(scheduledId)?.activityTaskStartedEventAttributes?.attempt ?? 1;
      const text = `${name} failed for good after ${plural(attempt, 'attempt')}: ${code} ${message}`;
      add(at, 'failed', text.trimEnd(), { step: name, attempt, code });
    } else if (update?.acceptedRequest?.input?.name === 'repair') {
      const argument = await reader.first(update.acceptedRequest.input.args?.payloads);
      add(at, 'decision', ...decisionText(argument, 'update'));
    } else if (attributes != null) {
      const stage = await reader.first(payloadOf(attributes.searchAttributes?.indexedFields, SEARCH_ATTRIBUTES.stage));
      if (stage === 'waiting') add(at, 'waiting', 'waits for its turn, or for a destination that is not open');
    } else if (event.workflowExecutionFailedEventAttributes != null) {
      const { code, message } = await reader.failure(event.workflowExecutionFailedEventAttributes.failure);
      add(at, 'failed', `the workflow failed: ${code} ${message}`.trimEnd(), { code });
    } else if (event.workflowExecutionTerminatedEventAttributes != null) {
      add(at, 'failed', 'the workflow was terminated in Temporal');
    } else if (event.workflowExecutionCanceledEventAttributes != null) {
      add(at, 'failed', 'the workflow was cancelled in Temporal');
    }
  }
  return entries;
}

/** Where the work stands now: what runs, or waits for its next try. */
export async function storyOfPending(steps: readonly PendingStep[], reader: PayloadReader): Promise<StoryEntry[]> {
  const entries: StoryEntry[] = [];
  for (const step of steps) {
    const name = step.activityType?.name ?? '';
    // A timer in the form of a step: it ends when the notification would be late.
    if (SILENT.has(name)) continue;
    const attempt = step.attempt ?? 1;
    const next = step.scheduledTime == null ? undefined : new Date(Number(step.scheduledTime.seconds ?? 0) * 1000);
    let text = `${name} is at attempt ${String(attempt)}`;
    let code: string | null = null;
    if (step.lastFailure != null) {
      const failure = await reader.failure(step.lastFailure);
      code = failure.code;
      text += `; the last error: ${failure.code} ${failure.message}`.trimEnd();
    }
    if (next !== undefined && next.getTime() > Date.now()) text += `; next attempt ${next.toISOString()}`;
    entries.push({ at: new Date(), from: 'history', kind: 'now', text, details: { step: name, attempt, code } });
  }
  return entries;
}

type Told = readonly [StoryKind, string, Details?];

function signalEntry(name: string, argument: unknown, notifications: number): Told | undefined {
  switch (name) {
    case SIGNALS.notified: {
      const created = Number(field(argument, 'createdAtMs'));
      const operationId = field(argument, 'operationId') ?? null;
      const source = typeof argument === 'object' && argument !== null && 'source' in argument ? argument.source : null;
      const details = {
        notification: notifications,
        operationId,
        messageCreatedAt: Number.isNaN(created) ? null : new Date(created).toISOString(),
        source: field(source, 'kind') ?? null,
      };
      const made = details.messageCreatedAt === null ? '' : `, made ${details.messageCreatedAt}`;
      const id = operationId === null ? '' : `, x-operation-id ${operationId}`;
      return ['notified', `Roche notified (${String(notifications)} in this run${made}${id})`, details];
    }
    case SIGNALS.changed: {
      // Its content is about a person, and stays out of every story.
      const origin = typeof argument === 'object' && argument !== null && 'origin' in argument ? argument.origin : null;
      const details = {
        event: field(argument, 'event') ?? null,
        controlId: field(origin, 'controlId') ?? null,
        source: field(origin, 'source') ?? null,
      };
      return [
        'notified',
        `the HIS sent ${details.event ?? '?'} ${details.controlId ?? '?'} (${details.source ?? '?'})`,
        details,
      ];
    }
    case SIGNALS.merged:
      return ['waiting', 'the number was merged into another'];
    case SIGNALS.turn:
      return ['waiting', 'an earlier file of the patient is out of the way'];
    case SIGNALS.released:
      return [
        'waiting',
        `let through by destination ${typeof argument === 'string' ? argument : '?'}`,
        { destination: typeof argument === 'string' ? argument : null },
      ];
    case SIGNALS.repairInBatch:
      return ['decision', ...decisionText(argument, 'batch')];
    default:
      return undefined;
  }
}

function decisionText(argument: unknown, how: string): readonly [string, Details] {
  const action = field(argument, 'action') ?? '?';
  const by = field(argument, 'by') ?? '?';
  const reason = field(argument, 'reason') ?? '';
  return [`${action} by ${by}: ${reason}`, { action, by, reason, how }];
}

/** What a step that went well has done. */
function doneEntry({ name, input }: Step, result: unknown, attempt: number): Told | undefined {
  if (SILENT.has(name)) return undefined;
  const kind = KIND_OF_STEP[name];
  if (kind === undefined) return undefined;
  const tries = attempt > 1 ? ` (attempt ${String(attempt)})` : '';
  const status = field(result, 'status');
  const details = { step: name, attempt, ...(status === undefined ? {} : { status }) };
  const said = (text: string, more: Details = {}): Told => [kind, text + tries, { ...details, ...more }];
  switch (name) {
    case 'openNotification': {
      const disposition = field(result, 'disposition') ?? '?';
      const text = {
        new: 'new to the ledger',
        closed: 'a duplicate: the ledger has it as done',
        conflict: 'another file under an id in use',
      };
      return said(text[asDisposition(disposition)], { disposition });
    }
    case 'obtainToken':
      return said('credentials for the file are there');
    case 'retrieveFile':
      return said(
        status === 'already-delivered'
          ? `the same file, byte for byte, was delivered under ${field(result, 'notificationId') ?? '?'}`
          : 'the file is fetched and stored',
      );
    case 'transformFile':
    case 'transformRedelivery':
      return status === 'blocked'
        ? ['waiting', `waits behind ${field(result, 'behind') ?? '?'}`, details]
        : status === 'refused'
          ? said('refused by the consent policy: nothing is delivered')
          : said(
              `made ${plural(Number(field(result, 'messages')), 'message')} with ${plural(Number(field(result, 'observations')), 'observation')}`,
            );
    case 'deliverMessages': {
      const destination = field(input, 'destination');
      const to = destination === undefined ? '' : ` to ${destination}`;
      const where = { destination: destination ?? null };
      if (status === 'delivered')
        return ['delivered', `all messages${to} are accepted${tries}`, { ...details, ...where }];
      return [
        'waiting',
        status === 'busy' ? 'all connections are taken' : `waits for the destination${to}`,
        { ...details, ...where },
      ];
    }
    case 'acknowledge':
      return said(status === 'handle-refused' ? 'Roche refused the receipt handle' : 'Roche took the acknowledgment');
    case 'recordParked':
      return said(
        `parked at ${field(input, 'failedStep') ?? '?'}: ${field(input, 'errorCode') ?? '?'} ${field(input, 'errorMessage') ?? ''}`.trimEnd(),
        { code: field(input, 'errorCode') ?? null },
      );
    case 'closeNotification':
      return said('closed in the ledger', { outcome: field(input, 'outcome') ?? null });
    case 'takeUpChanges':
      return said(`taken up: ${Array.isArray(result) ? result.join(', ') : '?'}`);
    case 'sendPatient':
      if (status === 'accepted')
        return ['delivered', `Roche has the patient: ${field(result, 'state') ?? '?'}${tries}`, details];
      return status === 'forwarded'
        ? said('handed to the patient to whom the number leads')
        : ['waiting', 'waits for Roche’s patient services', details];
    case 'recordPatientParked':
      return said(`parked: ${field(input, 'code') ?? '?'} ${field(input, 'message') ?? ''}`.trimEnd(), {
        code: field(input, 'code') ?? null,
      });
    case 'reportToDesk':
      return said('told to the registration desk');
    case 'startConflict':
      return said('another file under this id is handed to work of its own');
    case 'raiseDeadlineAlert':
      return said('alert: not acknowledged in time');
    default:
      return said(name);
  }
}

function asDisposition(text: string): 'new' | 'closed' | 'conflict' {
  return text === 'closed' || text === 'conflict' ? text : 'new';
}

function payloadOf<T>(fields: Readonly<Record<string, T>> | null | undefined, name: string): readonly T[] {
  const found = fields?.[name];
  return found === undefined ? [] : [found];
}

function timeOf({ eventTime }: HistoryEvent): Date {
  return new Date(Number(eventTime?.seconds ?? 0) * 1000 + Math.floor((eventTime?.nanos ?? 0) / 1e6));
}

/** `complete_time` of a marker of the SDK: protobuf's Timestamp as JSON. */
function completeTime(data: unknown): Date | undefined {
  const time = typeof data === 'object' && data !== null && 'complete_time' in data ? data.complete_time : undefined;
  const seconds = Number(field(time, 'seconds'));
  const nanos = Number(field(time, 'nanos'));
  return Number.isNaN(seconds) || Number.isNaN(nanos) ? undefined : new Date(seconds * 1000 + Math.floor(nanos / 1e6));
}

function plural(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? '' : 's'}`;
}
