/**
 * Counts what happened from the simulators' side alone: what Roche shared and heard, and what the EMR accepted by its
 * log of every frame. Ductus's own claims play no part.
 */
import type { EmrFrame } from '../simulators/emr/frames';
import type { AttemptStats, NotificationStats } from '../simulators/roche-dc/statistics';
import { countKinds, isSame, isVersion, keyOf, sumKinds, type SampleKind, type SharedItem } from './shared-items';

/** A file that Roche shared. */
export interface SharedFile {
  readonly messageId: string;
  readonly items: readonly SharedItem[];
}

/** Versions of items: an item, its correction and its deletion are three. */
export interface ItemCounts {
  readonly byKind: Readonly<Record<SampleKind, number>>;
  /** Of those: later versions that are no deletion. */
  readonly corrections: number;
  readonly deletions: number;
}

export interface FlowCounts {
  /** Notifications. */
  readonly notified: number;
  /** POSTs that Roche sent twice. */
  readonly duplicates: number;
  /** Notifications whose every item the EMR accepted, in this version or a later one. */
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
  /** What Roche shared. */
  readonly shared: ItemCounts;
  /** What the EMR accepted of it, and as what: a correction that came as new is none. */
  readonly received: ItemCounts;
  /** All that the EMR accepted. */
  readonly items: number;
  /** From Roche's first POST to the EMR's last accept, of the delivered ones; undefined: none. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
}

interface Version {
  readonly item: SharedItem;
  /** Whether it is the first of its item. */
  readonly first: boolean;
  /** Files that brought it: more than one when a file is shared again. */
  readonly files: File[];
  superseded: boolean;
  readonly controlIds: Set<string>;
  /** The EMR was told that it corrects what was there. */
  asCorrection: boolean;
}

interface File {
  readonly messageId: string;
  readonly total: number;
  readonly missing: Set<Version>;
  /** Time of the last accept so far. */
  acceptedAtMs: number | undefined;
  refused: boolean;
}

/** Collects both sides. */
export class Scoreboard {
  readonly #files = new Map<string, File>();
  /** Versions of an item in the order in which they were shared. */
  readonly #versions = new Map<string, Version[]>();
  /** By what an entry of the EMR has in common with them. */
  readonly #byKey = new Map<string, Version[]>();

  /** Notes a file; earlier versions of its items are superseded from now on. */
  share({ messageId, items }: SharedFile): void {
    const file: File = { messageId, total: items.length, missing: new Set(), acceptedAtMs: undefined, refused: false };
    this.#files.set(messageId, file);
    for (const item of items) {
      const known = this.#versions.get(item.id) ?? [];
      const newest = known.at(-1);
      if (newest !== undefined && isSame(newest.item, item)) {
        newest.files.push(file);
        if (newest.controlIds.size === 0) file.missing.add(newest);
        continue;
      }
      for (const earlier of known) earlier.superseded = true;
      const version: Version = {
        item,
        first: known.length === 0,
        files: [file],
        superseded: false,
        controlIds: new Set(),
        asCorrection: false,
      };
      this.#versions.set(item.id, [...known, version]);
      this.#byKey.set(keyOf(item), [...(this.#byKey.get(keyOf(item)) ?? []), version]);
      file.missing.add(version);
    }
  }

  /** Notes frames of the EMR's log. */
  receive(frames: readonly EmrFrame[]): void {
    for (const frame of frames) {
      for (const entry of frame.entries) {
        const version = this.#byKey.get(keyOf(entry))?.find(({ item }) => isVersion(item, entry));
        if (version === undefined) continue;
        if (frame.accepted) {
          version.controlIds.add(frame.controlId);
          version.asCorrection ||= entry.action === 'corrected';
        }
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
    const accepted = versions.filter((version) => version.controlIds.size > 0);
    const received = {
      ...itemCounts(accepted),
      corrections: accepted.filter((version) => isCorrection(version) && version.asCorrection).length,
    };
    // A file without items that we know of (somebody's own) has nothing to look for: its ACK counts.
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
      shared: itemCounts(versions),
      received,
      items: sumKinds(received.byKind),
      p50Ms: percentile(latencies, 0.5),
      p95Ms: percentile(latencies, 0.95),
    };
  }

  #knows(notification: NotificationStats): boolean {
    return (this.#files.get(notification.messageId)?.total ?? 0) > 0;
  }

  #arrivedLater(version: Version): boolean {
    const all = this.#versions.get(version.item.id) ?? [];
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

function itemCounts(versions: readonly Version[]): ItemCounts {
  return {
    byKind: countKinds(versions.map(({ item }) => item)),
    corrections: versions.filter(isCorrection).length,
    deletions: versions.filter(({ item }) => item.deleted).length,
  };
}

function isCorrection({ first, item }: Version): boolean {
  return !first && !item.deleted;
}
