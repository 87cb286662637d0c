/**
 * The messages of a run: which event about which patient comes when. Every message has a number that grows with the time of
 * its event and stands in the patient's telephone number, so that Roche's side shows which message it comes from.
 */
import { RandomStream } from '../random';
import { changePerson, createPerson, withoutEmail } from './people';
import type { Person } from './people';

export const HIS_EVENTS = ['A01', 'A04', 'A05', 'A08', 'A28', 'A31', 'A40'] as const;
export type HisEvent = (typeof HIS_EVENTS)[number];

export interface PlannedMessage {
  /** From 1, in the order of the events. */
  readonly number: number;
  readonly event: HisEvent;
  /** The patient of PID, as the message has it. */
  readonly person: Person;
  /** Of A40: the number that ends. */
  readonly priorNumber?: string;
  /** EVN-2. */
  readonly eventAtMs: number;
  /** MSH-10. */
  readonly controlId: string;
  /** Connection that carries all messages about the patient. */
  readonly connection: number;
  /** Number of messages that have to be answered before: a merge comes after what was said about the number that ends. */
  readonly after: readonly number[];
}

export interface PlanOptions {
  readonly seed: number;
  readonly patients: number;
  readonly messages: number;
  readonly connections: number;
  /** Time of the first event; each further one is a second later. */
  readonly startAtMs: number;
  /** Share of messages that merge two patients. */
  readonly mergeShare: number;
  /** Events of the first message about a patient, and of the others. */
  readonly firstEvents: readonly HisEvent[];
  readonly laterEvents: readonly HisEvent[];
}

/**
 * Plans the messages: each patient comes in once and is changed at random.
 * @throws Error when there are fewer messages than patients
 */
export function planMessages(options: PlanOptions): PlannedMessage[] {
  const { seed, patients, messages, connections, startAtMs } = options;
  if (messages < patients) {
    throw new Error('there are fewer messages than patients');
  }
  const random = new RandomStream(seed, 'plan');
  const state = new Map<number, { person: Person; numbers: number[] }>();
  const living: number[] = [];
  const planned: PlannedMessage[] = [];
  const add = (
    about: { person: Person; numbers: number[] },
    event: HisEvent,
    more: Partial<PlannedMessage> = {},
  ): void => {
    const number = planned.length + 1;
    about.numbers.push(number);
    planned.push({
      number,
      event,
      person: about.person,
      eventAtMs: startAtMs + number * 1000,
      controlId: `${String(seed % 1000).padStart(3, '0')}H${String(number).padStart(8, '0')}`,
      connection: about.person.index % connections,
      after: [],
      ...more,
    });
  };
  for (const first of firsts(random, patients, messages)) {
    if (first !== undefined) {
      const entry = { person: createPerson(seed, first), numbers: [] };
      state.set(first, entry);
      living.push(first);
      add(entry, pick(random, options.firstEvents));
      continue;
    }
    const at = random.integer(0, living.length - 1);
    const entry = state.get(living[at] ?? -1);
    if (entry === undefined) {
      continue;
    }
    entry.person = changePerson(entry.person, random);
    const priorAt = random.integer(0, living.length - 1);
    const prior = state.get(living[priorAt] ?? -1);
    // An address is unique at Roche: a number with one is not merged away here.
    const mayMerge = priorAt !== at && prior !== undefined && prior.person.email === undefined;
    if (mayMerge && random.next() < options.mergeShare) {
      living.splice(priorAt, 1);
      entry.person = withoutEmail(entry.person);
      add(entry, 'A40', { priorNumber: prior.person.number, after: [...prior.numbers] });
    } else {
      add(entry, pick(random, options.laterEvents));
    }
  }
  return planned;
}

/** For each message the patient that comes in with it; undefined: it is about one who is there. */
function firsts(random: RandomStream, patients: number, messages: number): (number | undefined)[] {
  const slots: (number | undefined)[] = [];
  let next = 0;
  for (let left = messages; left > 0; left -= 1) {
    const due = patients - next;
    // The first message has to bring one in; later ones do at random, so that all are in by the end.
    const bringsIn = slots.length === 0 || due >= left || random.next() < due / left;
    slots.push(bringsIn && due > 0 ? next : undefined);
    next += bringsIn && due > 0 ? 1 : 0;
  }
  return slots;
}

function pick<Value>(random: RandomStream, from: readonly Value[]): Value {
  const value = from[random.integer(0, from.length - 1)];
  if (value === undefined) {
    throw new Error('nothing to pick from');
  }
  return value;
}

/** The telephone number of a message, as `6` and eight digits. */
export function markerOf(number: number): string {
  return `6${String(number).padStart(8, '0')}`;
}

/** The number of the message that a telephone number comes from; undefined for any other. */
export function numberOfMarker(phone: string): number | undefined {
  const [, digits] = /6(\d{8})$/.exec(phone.replace(/\D/g, '')) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
