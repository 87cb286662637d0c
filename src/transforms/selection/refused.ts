/** Errors of the selection. They count and name types and elements, never values, ids or people. */
import { DuctusError } from '../../domain/errors';
import type { Item } from '../model/item';
import type { Selection } from '../model/message';

/** More names than this say nothing more to an operator; the rest is counted as `other`. */
const MAX_NAMES = 20;

/**
 * Names come from the sender's JSON: only what looks like a type, an element or an extension's address without a query
 * is repeated.
 */
const HARMLESS_NAME = /^[A-Za-z][A-Za-z0-9_.:/()[\]#-]{0,149}$/;

/** For a destination that parks what has no mapping. */
export function unmappedError(unmapped: Selection['unmapped'], unread: Selection['unread']): DuctusError {
  const types = bounded(unmapped.map(({ type }) => [type, 1]));
  const elements = bounded(Object.entries(unread));
  const what = [
    ...(types.size === 0 ? [] : [`resources that have no mapping: ${listed(types)}`]),
    ...(elements.size === 0 ? [] : [`elements that no mapping reads: ${listed(elements)}`]),
  ];
  return new DuctusError('DUCTUS_BUNDLE_UNMAPPED', `The bundle holds ${what.join('; ')}.`, {
    details: Object.fromEntries([...types, ...elements]),
  });
}

/** For a destination that wants the hospital's own numbers only. */
export function patientUnknownError(count: number): DuctusError {
  return new DuctusError(
    'DUCTUS_PATIENT_UNKNOWN',
    `The cross-reference has no number of the hospital for ${count === 1 ? '1 patient' : `${count} patients`} of the file.`,
    { details: { patients: count } },
  );
}

/** Corrections and deletions of what the destination has under another patient. */
export class PatientChangedError extends DuctusError {
  readonly #references: readonly string[];

  constructor(moved: readonly Item[]) {
    const types = bounded(moved.map(({ resourceType }) => [resourceType, 1]));
    super(
      'DUCTUS_PATIENT_CHANGED',
      `The destination has resources of the file under another patient than the file names now: ${listed(types)}.`,
      { details: Object.fromEntries(types) },
    );
    this.#references = moved.map(({ reference }) => reference);
  }

  /** References of the resources, for the ledger: private, so that no log that prints the error has them. */
  references(): readonly string[] {
    return this.#references;
  }
}

/**
 * Without what the module threw: that may quote the item.
 * @param position of the item among those of the destination, from 1
 */
export function siteMappingError(item: Item, position: number, what: string): DuctusError {
  return new DuctusError(
    'DUCTUS_SITE_MAPPING_FAILED',
    `The mapping module of the site ${what}, for item ${position} (${item.kind}, ${item.resourceType}).`,
    { details: { item: position, kind: item.kind, type: item.resourceType } },
  );
}

function bounded(counted: readonly (readonly [name: string, count: number])[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [given, count] of counted) {
    const fits = (counts.has(given) || counts.size < MAX_NAMES) && HARMLESS_NAME.test(given);
    const name = fits ? given : 'other';
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return counts;
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} (${count})`).join(', ');
}
