/** OBX-4: numbers for the readings of a group, dotted for what belongs to another. */
import type { ReadingEntry } from './scope';

/** Which reading of a group another belongs to, and as the how manieth. */
type Parents = ReadonlyMap<number, { readonly parent: number; readonly count: number }>;

/** True when the reading has a second OBX, on how insulin was given. */
export function hasDelivery({ reading }: ReadingEntry): boolean {
  return reading.insulin?.adminType !== undefined;
}

/** By position: the reading in whose `members` it is. The first that names it has it. */
export function parentsOf(entries: readonly ReadingEntry[]): Parents {
  const parents = new Map<number, { readonly parent: number; readonly count: number }>();
  if (!entries.some(({ reading }) => reading.members !== undefined)) return parents;
  const positions = new Map(entries.map(({ item }, position) => [item.reference, position]));
  entries.forEach((entry, parent) => {
    // The delivery of insulin is number 1.
    let count = hasDelivery(entry) ? 1 : 0;
    for (const reference of entry.reading.members ?? []) {
      const member = positions.get(reference);
      if (member === undefined || member === parent || parents.has(member)) continue;
      count += 1;
      parents.set(member, { parent, count });
    }
  });
  return parents;
}

/** What belongs to each reading and does not stand under it, by position; undefined when no reading has any. */
export type Apart = readonly (readonly string[])[] | undefined;

/**
 * References of what belongs to a reading and is neither numbered below it nor leads to it by OBR-29: in another message,
 * of another reading, delivered before, or not sent at all.
 * @param levels true where the relation of what belongs to something that belongs to another itself is said too
 */
export function membersApart(entries: readonly ReadingEntry[], parents: Parents, levels: boolean): Apart {
  if (!entries.some(({ reading }) => reading.members !== undefined)) return undefined;
  const shown = entries.map(() => new Set<string>());
  parents.forEach(({ parent }, member) => {
    const reference = entries[member]?.item.reference;
    if (reference !== undefined && (levels || !parents.has(parent))) shown[parent]?.add(reference);
  });
  return entries.map(({ reading }, position) =>
    (reading.members ?? []).filter((reference) => shown[position]?.has(reference) !== true),
  );
}

/**
 * One level only: what belongs to a reading that belongs to another itself has a number of its own.
 * @param root number of a reading that belongs to no other
 * @returns one for each reading, all different
 */
export function subIds(
  entries: readonly ReadingEntry[],
  parents: Parents,
  root: (entry: ReadingEntry, position: number) => string,
): readonly string[] {
  const roots = entries.map(root);
  if (parents.size === 0) return roots;
  return roots.map((own, position) => {
    const found = parents.get(position);
    return found === undefined || parents.has(found.parent) ? own : `${roots[found.parent] ?? ''}.${found.count}`;
  });
}
