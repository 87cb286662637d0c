/** One message is about one person: items sorted by patient, in the order of the file. */
import type { Item } from './item';
import type { PatientContext } from './patient';

export interface PatientItems {
  readonly patient: PatientContext;
  readonly items: readonly Item[];
}

/** Where one reference leads to the Patient resource and another does not, the one that does is taken. */
export function byPatient(items: readonly Item[]): PatientItems[] {
  const patients = new Map<string, { patient: PatientContext; items: Item[] }>();
  for (const item of items) {
    const known = patients.get(item.patient.key);
    if (known === undefined) {
      patients.set(item.patient.key, { patient: item.patient, items: [item] });
      continue;
    }
    known.items.push(item);
    if (known.patient.details === undefined) known.patient = item.patient;
  }
  return [...patients.values()];
}

/**
 * Splits the items of a message that would have too many. What has no resource of its own (`Item.beside`) stays with the
 * item before it, so that a part may be a few larger: an operator who leaves a resource out means both.
 */
export function* inParts(items: readonly Item[], size: number): Generator<readonly Item[]> {
  let first = 0;
  while (first < items.length) {
    let end = first + size;
    while (items[end]?.references.length === 0) end += 1;
    yield items.slice(first, end);
    first = end;
  }
}
