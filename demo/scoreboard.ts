/**
 * Counts what happened from the simulators' side alone: what Roche shared and heard, and what the EMR accepted by its
 * log of every frame. Ductus's own claims play no part.
 */
import type { EmrFrame } from '../simulators/emr/frames';
import type { AttemptStats, NotificationStats } from '../simulators/roche-dc/statistics';

/** One version of a reading, as the EMR should come to know it. */
export interface ReadingVersion {
  readonly id: string;
  readonly value: number | undefined;
  /** The patient deleted the reading: only that has to arrive. */
  readonly deleted: boolean;
}

/** A file that Roche shared. */
export interface SharedFile {
  readonly messageId: string;
  readonly readings: readonly ReadingVersion[];
}

export interface FlowCounts {
  /** Notifications. */
  readonly notified: number;
  /** POSTs that Roche sent twice. */
  readonly duplicates: number;
  /** Notifications whose every reading the EMR accepted, in this version or a later one. */
  readonly delivered: number;
  /** Notifications with an ACK. */
  readonly acked: number;
  /** Neither delivered nor acknowledged. */
  readonly open: number;
  /** Of those: the EMR refused a message. */
  readonly refused: number;
  /** Refused at first, and delivered after a repair. */
  readonly repaired: number;
  /** Versions shared, not superseded, and never accepted. */
  readonly lost: number;
  /** Versions accepted under two different MSH-10s. */
  readonly twice: number;
  /** Readings that the EMR accepted, of all files. */
  readonly readings: number;
  /** From Roche's first POST to the EMR's last accept, of the delivered ones; undefined: none. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
}

interface Version extends ReadingVersion {
  /** Files that brought it: more than one when a file is shared again. */
  readonly files: File[];
  superseded: boolean;
  readonly controlIds: Set<string>;
}

interface File {
  readonly messageId: string;
  readonly total: number;
  readonly missing: Set<Version>;
  /** Time of the last accept so far. */
  acceptedAtMs: number | undefined;
  refused: boolean;
}

/** HL7 table 0085: delete, no result will come, posted as wrong. */
const DELETED: ReadonlySet<string> = new Set(['D', 'X', 'W']);

/** Collects both sides. */
export class Scoreboard {
  readonly #files = new Map<string, File>();
  /** Versions of a reading in the order in which they were shared. */
  readonly #versions = new Map<string, Version[]>();

  /** Notes a file; earlier versions of its readings are superseded from now on. */
  share({ messageId, readings }: SharedFile): void {
    const file: File = {
      messageId,
      total: readings.length,
      missing: new Set(),
      acceptedAtMs: undefined,
      refused: false,
    };
    this.#files.set(messageId, file);
    for (const reading of readings) {
      const known = this.#versions.get(reading.id) ?? [];
      const newest = known.at(-1);
      if (newest?.value === reading.value && newest?.deleted === reading.deleted) {
        newest.files.push(file);
        if (newest.controlIds.size === 0) file.missing.add(newest);
        continue;
      }
      for (const earlier of known) earlier.superseded = true;
      const version: Version = { ...reading, files: [file], superseded: false, controlIds: new Set() };
      this.#versions.set(reading.id, [...known, version]);
      file.missing.add(version);
    }
  }

  /** Notes frames of the EMR's log. */
  receive(frames: readonly EmrFrame[]): void {
    for (const frame of frames) {
      for (const observation of frame.observations) {
        const version = this.#versions.get(observation.observationId)?.find((one) => fits(one, observation));
        if (version === undefined) continue;
        if (frame.accepted) version.controlIds.add(frame.controlId);
        for (const file of version.files) {
          if (!frame.accepted) file.refused = true;
          else if (file.missing.delete(version)) file.acceptedAtMs = frame.receivedAtMs;
        }
      }
    }
  }

  /** Whether the EMR has the whole file. */
  hasDelivered(messageId: string): boolean {
    const file = this.#files.get(messageId);
    return file !== undefined && file.total > 0 && [...file.missing].every((version) => this.#arrivedLater(version));
  }

  /** Milliseconds from Roche's first POST to the EMR's last accept; undefined: not delivered. */
  latencyMs(notification: NotificationStats): number | undefined {
    const file = this.#files.get(notification.messageId);
    if (file?.acceptedAtMs === undefined || notification.firstNotifiedAtMs === undefined) return undefined;
    return file.missing.size === 0 ? file.acceptedAtMs - notification.firstNotifiedAtMs : undefined;
  }

  /** Counts notifications, all or those of one organization. */
  count(notifications: readonly NotificationStats[]): FlowCounts {
    const ids = new Set(notifications.map((one) => one.messageId));
    const versions = [...this.#versions.values()]
      .flat()
      .filter(({ files }) => files.some((file) => ids.has(file.messageId)));
    const latencies = notifications.map((one) => this.latencyMs(one)).filter((latency) => latency !== undefined);
    // A file without readings that we know of (somebody's own) has nothing to look for: its ACK counts.
    const delivered = (one: NotificationStats): boolean =>
      this.#knows(one) ? this.hasDelivered(one.messageId) : one.acks.length > 0;
    const refused = (one: NotificationStats): boolean => this.#files.get(one.messageId)?.refused === true;
    const open = notifications.filter((one) => one.acks.length === 0 && !delivered(one));
    return {
      notified: notifications.length,
      duplicates: notifications.reduce((sum, one) => sum + one.attempts.filter(isDuplicate).length, 0),
      delivered: notifications.filter(delivered).length,
      acked: notifications.filter((one) => one.acks.length > 0).length,
      open: open.length,
      refused: open.filter(refused).length,
      repaired: notifications.filter((one) => refused(one) && delivered(one)).length,
      lost: versions.filter((version) => version.controlIds.size === 0 && !version.superseded).length,
      twice: versions.filter((version) => version.controlIds.size > 1).length,
      readings: versions.filter((version) => version.controlIds.size > 0).length,
      p50Ms: percentile(latencies, 0.5),
      p95Ms: percentile(latencies, 0.95),
    };
  }

  #knows(notification: NotificationStats): boolean {
    return (this.#files.get(notification.messageId)?.total ?? 0) > 0;
  }

  #arrivedLater(version: Version): boolean {
    const all = this.#versions.get(version.id) ?? [];
    return all.slice(all.indexOf(version) + 1).some((later) => later.controlIds.size > 0);
  }
}

/**
 * The value below or at which a share of all values lies (nearest rank).
 * @param share 0 < share ≤ 1
 */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

function isDuplicate({ kind }: AttemptStats): boolean {
  return kind === 'duplicate' || kind === 'repeat';
}

function fits(version: ReadingVersion, observation: { readonly value: string; readonly status: string }): boolean {
  const deleted = DELETED.has(observation.status);
  return version.deleted ? deleted : !deleted && Number(observation.value) === version.value;
}
