/** Counts by kind. */
import { ITEM_KINDS, type Item, type ItemKind } from './item';

export type KindCounts = Readonly<Partial<Record<ItemKind, number>>>;

export function countKinds(items: readonly Item[]): KindCounts {
  const counts: Partial<Record<ItemKind, number>> = {};
  for (const { kind } of items) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** The sum of several. */
export function addKinds(all: readonly KindCounts[]): KindCounts {
  const sum: Partial<Record<ItemKind, number>> = {};
  for (const counts of all) {
    for (const kind of ITEM_KINDS) {
      const count = counts[kind];
      if (count !== undefined) sum[kind] = (sum[kind] ?? 0) + count;
    }
  }
  return sum;
}
