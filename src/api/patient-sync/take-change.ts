/** A change that was read goes to the workflow of its patient, once for a control id. The same for every door. */
import { v5 as uuidV5 } from 'uuid';
import { DuctusError } from '../../domain/errors';
import { patientHash, type PatientChange } from '../../domain/patient-sync';
import type { ReadChange } from '../../transforms/adt-to-fhir';
import type { Arrival, HisOrganization, PatientSyncDoor } from './door';

/** Of the ids of changes. */
const NAMESPACE = '6d7c1c2f-6f3b-4b7d-9b55-0d3f4f0f6a52';

/**
 * A time that is ahead of ours by more than this is not believed, and the time of arrival counts: until it is over, all that
 * comes by another connection would count as old. Clocks that are set by NTP differ by much less.
 */
const MOST_AHEAD_MS = 60_000;

export type Taken =
  | 'stored'
  /** The same bytes were taken under this control id before; nothing new happens. */
  | 'repeat'
  /** Other bytes were. */
  | 'conflict';

/** What the message is, besides its content. */
export interface MessageIdentity {
  /** MSH-10, or the id of the request. */
  readonly controlId: string;
  /** SHA-256 of the bytes, hexadecimal. */
  readonly digest: string;
}

/** What is known of a control id without asking anybody. */
export function takenBefore(
  door: PatientSyncDoor,
  { organization }: HisOrganization,
  { source, receivedAtMs }: Arrival,
  { controlId, digest }: MessageIdentity,
): Exclude<Taken, 'stored'> | undefined {
  const known = door.answered.find(keyOf(organization, source, controlId), receivedAtMs);
  if (known === undefined) return undefined;
  return known === door.hash(digest) ? 'repeat' : 'conflict';
}

/**
 * Takes a change. When this resolves, Temporal has it, or had it already.
 * @throws DuctusError when it could not be stored; nothing was taken
 */
export async function takeChange(
  door: PatientSyncDoor,
  his: HisOrganization,
  arrival: Arrival,
  identity: MessageIdentity,
  read: ReadChange,
): Promise<Taken> {
  const { organization } = his;
  const { source, receivedAtMs } = arrival;
  const key = keyOf(organization, source, identity.controlId);
  return door.answered.alone(key, async () => {
    const known = takenBefore(door, his, arrival, identity);
    if (known !== undefined) return known;
    const digest = door.hash(identity.digest);
    const change = changeOf(door, his, arrival, identity, read);
    // At once: a conflict that the look-up finds is one that the workflow refuses by itself.
    const [earlier, stored] = await Promise.allSettled([
      door.earlier(organization, source, identity.controlId),
      door.accept({ organization, patient: patientHash(door.hash, organization, read.number), change }),
    ]);
    const before = earlier.status === 'fulfilled' ? earlier.value?.digest : undefined;
    if (before !== undefined) {
      door.answered.remember(key, before, receivedAtMs);
      return before === digest ? 'repeat' : 'conflict';
    }
    if (stored.status === 'rejected') throw asDuctusError(stored.reason);
    door.answered.remember(key, digest, receivedAtMs);
    return 'stored';
  });
}

function changeOf(
  { hash }: PatientSyncDoor,
  { organization }: HisOrganization,
  { source, connection, sequence, receivedAtMs }: Arrival,
  { controlId, digest }: MessageIdentity,
  { event, kind, eventAtMs = receivedAtMs, content, prior }: ReadChange,
): PatientChange {
  return {
    id: uuidV5(JSON.stringify([organization, source, controlId, digest]), NAMESPACE),
    origin: { source, connection, sequence, controlId, digest },
    event,
    kind,
    eventAtMs: eventAtMs > receivedAtMs + MOST_AHEAD_MS ? receivedAtMs : eventAtMs,
    receivedAtMs,
    content,
    ...(prior === undefined ? {} : { prior: patientHash(hash, organization, prior) }),
  };
}

function keyOf(organization: string, source: string, controlId: string): string {
  return JSON.stringify([organization, source, controlId]);
}

function asDuctusError(error: unknown): DuctusError {
  return error instanceof DuctusError
    ? error
    : new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', undefined, { cause: error });
}
