/** Elements of what is sent that no mapping reads: counted, carried or parked, never dropped without a word. */
import type { ParsedResource } from '../model/content';
import type { Item } from '../model/item';
import type { SelectionProfile } from '../model/profile';

/** By reference, only those that have any. */
export function unreadOf(resources: readonly ParsedResource[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const { reference, unread } of resources) if (unread.length > 0) found.set(reference, unread);
  return found;
}

/**
 * Counts the elements over all resources that go out mapped. By the policy `carry` a resource also goes as it is, beside
 * its mapped item; the companion holds no references, since the mapped item records the delivery. Readings that were
 * summarised are counted and not carried: who wants summaries wants few messages.
 */
export function countUnread(
  groups: readonly (readonly Item[])[],
  unread: ReadonlyMap<string, readonly string[]>,
  policy: SelectionProfile['unmapped'],
): { readonly groups: readonly (readonly Item[])[]; readonly counts: Readonly<Record<string, number>> } {
  if (unread.size === 0) return { groups, counts: {} };
  const counts = new Map<string, number>();
  const result = groups.map((group) => {
    const [item] = group;
    if (item === undefined || item.kind === 'carried') return group;
    let any = false;
    for (const reference of item.references) {
      for (const element of unread.get(reference) ?? []) {
        counts.set(element, (counts.get(element) ?? 0) + 1);
        any = true;
      }
    }
    return any && policy === 'carry' && item.kind !== 'summary' ? [...group, companionOf(item)] : group;
  });
  return { groups: result, counts: Object.fromEntries(counts) };
}

function companionOf(item: Item): Item {
  return { ...item, kind: 'carried', content: { kind: 'carried' }, references: [], beside: item.references[0] };
}
