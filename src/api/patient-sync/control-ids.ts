/**
 * Which control ids were taken, by this process and lately: a repeat is answered without any work. What is not here may
 * still stand in the store (another process, a restart), and the patient's workflow has the last word (ARCHITECTURE §6).
 */
import { LIMITS } from '../../domain/limits';

/** A HIS of a large hospital sends some ten thousand ADT messages a day; a repeat comes within minutes. */
const MOST = 20_000;

interface Taken {
  readonly digest: string;
  readonly atMs: number;
}

export class ControlIds {
  readonly #taken = new Map<string, Taken>();
  /** Ends of the work that is going on under a key. */
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(
    private readonly most = MOST,
    private readonly windowMs: number = LIMITS.controlIdWindowMs,
  ) {}

  /** Number of control ids that are remembered. */
  get size(): number {
    return this.#taken.size;
  }

  /** Number of control ids under which work is going on. */
  get running(): number {
    return this.#running.size;
  }

  /** Keyed hash of the bytes that were taken under this key. */
  find(key: string, nowMs: number): string | undefined {
    const taken = this.#taken.get(key);
    if (taken === undefined) return undefined;
    if (nowMs - taken.atMs <= this.windowMs) return taken.digest;
    this.#taken.delete(key);
    return undefined;
  }

  remember(key: string, digest: string, nowMs: number): void {
    this.#taken.delete(key);
    this.#taken.set(key, { digest, atMs: nowMs });
    if (this.#taken.size <= this.most) return;
    const oldest = this.#taken.keys().next();
    if (oldest.done !== true) this.#taken.delete(oldest.value);
  }

  /**
   * Runs work under a key alone: a HIS that gave up waiting sends the same message on a new connection while the first
   * one is still being stored.
   */
  async alone<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#running.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const end = mine.catch(() => undefined);
    this.#running.set(key, end);
    try {
      return await mine;
    } finally {
      if (this.#running.get(key) === end) this.#running.delete(key);
    }
  }
}
