/** Whom a resource is about that names nobody: the only patient of the file, or the only one who used the device. */
import type { ParsedResource } from '../model/content';
import type { PatientContext } from '../model/patient';
import type { DeviceId } from '../model/reading';

/** Looks through the file only when it is asked for the first time: most files are about one patient. */
export class DevicePatients {
  readonly #resources: readonly ParsedResource[];
  #only: { readonly patient: PatientContext | undefined } | undefined;
  #users: ReadonlyMap<string, PatientContext | undefined> | undefined;

  constructor(resources: readonly ParsedResource[]) {
    this.#resources = resources;
  }

  /** @returns undefined when nobody, or more than one, comes into question */
  of({ mapping }: ParsedResource): PatientContext | undefined {
    this.#only ??= { patient: theOnly(this.#resources) };
    if (this.#only.patient !== undefined || mapping.kind !== 'device') return this.#only.patient;
    this.#users ??= usersOf(this.#resources);
    return this.#users.get(keyOf(mapping.device.id));
  }
}

function theOnly(resources: readonly ParsedResource[]): PatientContext | undefined {
  let found: PatientContext | undefined;
  for (const { subject } of resources) {
    if (subject === undefined) continue;
    if (found !== undefined && found.key !== subject.key) return undefined;
    // One reference may lead to the Patient resource where another does not.
    if (found?.details === undefined) found = subject;
  }
  return found;
}

/** By device; undefined for one that several patients used. */
function usersOf(resources: readonly ParsedResource[]): ReadonlyMap<string, PatientContext | undefined> {
  const users = new Map<string, PatientContext | undefined>();
  for (const { mapping, subject } of resources) {
    if (mapping.kind !== 'reading' || mapping.reading.device === undefined || subject === undefined) continue;
    const key = keyOf(mapping.reading.device);
    if (users.has(key) && users.get(key)?.key !== subject.key) users.set(key, undefined);
    else users.set(key, subject);
  }
  return users;
}

function keyOf({ system, value }: DeviceId): string {
  return JSON.stringify([system ?? null, value]);
}
