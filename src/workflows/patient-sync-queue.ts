/**
 * What waits to be sent for one patient, without Temporal: in which order, what is dropped when it is too much, and what a
 * newer change makes of what is parked.
 */
import type { PatientChange } from '../domain/patient-sync';

/** Further changes are dropped, oldest first, and count as superseded: each is a snapshot, and the newest has the last word. */
const MOST_CHANGES = 20;
/** Characters of all contents: far below what Temporal takes in one payload (2 MB), also as UTF-8. */
const MOST_CHARACTERS = 300_000;

export class PatientQueue {
  readonly #changes: PatientChange[];

  /** @param changes oldest to newest */
  constructor(changes: readonly PatientChange[] = []) {
    this.#changes = [...changes];
  }

  /** Oldest to newest. */
  get changes(): readonly PatientChange[] {
    return this.#changes;
  }

  get ids(): readonly string[] {
    return this.#changes.map((change) => change.id);
  }

  get isEmpty(): boolean {
    return this.#changes.length === 0;
  }

  get newest(): PatientChange | undefined {
    return this.#changes.at(-1);
  }

  has(id: string): boolean {
    return this.#changes.some((change) => change.id === id);
  }

  /** Puts a change to its place: behind those that are older, and by arrival where neither is. */
  add(change: PatientChange): void {
    const { connection, sequence } = change.origin;
    // Never behind what came after it on its own connection, whatever stands between them.
    const after = this.#changes.findIndex(
      ({ origin }) => origin.connection === connection && origin.sequence > sequence,
    );
    let place = after === -1 ? this.#changes.length : after;
    for (let before = this.#changes[place - 1]; before !== undefined && isOlder(change, before);) {
      place -= 1;
      before = this.#changes[place - 1];
    }
    this.#changes.splice(place, 0, change);
  }

  clear(): void {
    this.#changes.length = 0;
  }

  /**
   * Takes out what need not be kept, oldest first. Merges stay: each names a number of its own. So does the newest that says
   * something of diagnoses: those that come after it say nothing of them.
   * @returns their ids
   */
  trim(): readonly string[] {
    const diagnosed = this.#changes.findLast(saysDiagnoses);
    const dropped: string[] = [];
    let characters = this.#changes.reduce((sum, change) => sum + sizeOf(change), 0);
    for (let at = 0; at < this.#changes.length - 1;) {
      if (this.#changes.length <= MOST_CHANGES && characters <= MOST_CHARACTERS) break;
      const change = this.#changes[at];
      if (change === undefined) break;
      if (change.kind === 'merge' || change === diagnosed) {
        at += 1;
        continue;
      }
      characters -= sizeOf(change);
      dropped.push(change.id);
      this.#changes.splice(at, 1);
    }
    return dropped;
  }

  /**
   * Takes out what Roche refused, up to and with the change that stood for it: the content of a newer one replaces it.
   * Merges stay.
   * @returns their ids
   */
  dropRefused(refused: string): readonly string[] {
    const last = this.#changes.findIndex((change) => change.id === refused);
    const old = this.#changes.slice(0, last + 1).filter((change) => change.kind !== 'merge');
    const ids = new Set(old.map((change) => change.id));
    const kept = this.#changes.filter((change) => !ids.has(change.id));
    this.#changes.splice(0, this.#changes.length, ...kept);
    return [...ids];
  }
}

/** Within a connection by place, whatever the times say; else by time. */
function isOlder(one: PatientChange, other: PatientChange): boolean {
  return one.origin.connection === other.origin.connection
    ? one.origin.sequence < other.origin.sequence
    : one.eventAtMs < other.eventAtMs;
}

/** What is kept of a message has diagnoses of diabetes alone. */
function saysDiagnoses({ content }: PatientChange): boolean {
  return content.form === 'hl7' ? content.text.includes('\rDG1|') : content.json.includes('"resourceType":"Condition"');
}

function sizeOf({ content }: PatientChange): number {
  return content.form === 'hl7' ? content.text.length : content.json.length;
}
