/** Tells in words what the simulators saw: what the EMR refused or got twice, and what became of files that somebody sent. */
import type { EmrNews } from './emr';
import type { Narrator } from './narrator';
import type { RocheStats } from '../simulators/roche-dc/statistics';
import { duration, groups } from './table';

export class Observer {
  readonly #tell: Narrator;
  /** Notifications whose ACK is to be told. */
  readonly #awaited = new Map<string, string>();
  #refusedAcks = 0;

  constructor(tell: Narrator) {
    this.#tell = tell;
  }

  /** Asks to be told when a notification is acknowledged. @param name what to call it */
  await(messageId: string, name: string): void {
    this.#awaited.set(messageId, name);
  }

  see({ frames, dropped }: EmrNews): void {
    for (const { controlId, accepted, repeat, answer, entries } of frames) {
      if (repeat) {
        this.#tell.good(`The EMR got message ${controlId} again and knows it by its MSH-10: nothing is there twice`);
      } else if (!accepted) {
        const why = [answer.errorCode, answer.errorText].filter((part) => part !== undefined).join(': ');
        this.#tell.bad(`The EMR refuses message ${controlId} with ${answer.kind}${why === '' ? '' : ` (${why})`}`);
      } else if (answer.kind !== 'AA' && answer.kind !== 'delay') {
        const what = `message ${controlId} (${groups(entries.length)} items)`;
        this.#tell.bad(`The EMR stores ${what}, and Ductus gets no valid answer: ${WORDS[answer.kind] ?? answer.kind}`);
      }
    }
    for (const { controlId } of dropped) {
      this.#tell.bad(`The connection breaks before the EMR stores message ${controlId}`);
    }
  }

  hear(stats: RocheStats): void {
    for (const notification of stats.notifications) {
      const name = this.#awaited.get(notification.messageId);
      const ack = notification.acks[0];
      if (name === undefined || ack === undefined) continue;
      this.#awaited.delete(notification.messageId);
      const took = ack.atMs - (notification.firstNotifiedAtMs ?? ack.atMs);
      this.#tell.good(`${name} is acknowledged, ${duration(took)} after Roche's first notification`);
    }
    if (stats.totals.refusedAcks > this.#refusedAcks) {
      this.#refusedAcks = stats.totals.refusedAcks;
      this.#tell.aside('Roche refuses an ACK: a newer notification has replaced its receipt handle');
    }
  }
}

const WORDS: Readonly<Record<string, string>> = {
  'drop-after-storing': 'the connection breaks',
  silence: 'silence',
  garbage: 'something that is no HL7',
  'wrong-control-id': "an answer to another message's id",
  late: 'the answer comes too late',
};
