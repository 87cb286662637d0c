/** The site's own change of an item, and what it may not change: whom the item is about and which resource it is. */
import type { Item } from '../model/item';
import type { LeftOutReason } from '../model/message';
import type { SiteMapping } from '../model/site-mapping';
import { siteMappingError } from './refused';

/**
 * Runs the hook over the items.
 * @param groups items made of the same resources; one of them holds the references
 * @throws DuctusError DUCTUS_SITE_MAPPING_FAILED when the hook throws or gives something that is not this item
 */
export function throughSite(
  groups: readonly (readonly Item[])[],
  hook: NonNullable<SiteMapping['item']>,
  leftOut: { reference: string; why: LeftOutReason }[],
): Item[] {
  const result: Item[] = [];
  let position = 0;
  for (const group of groups) {
    const first = result.length;
    for (const item of group) {
      const changed = changedBySite(item, hook, (position += 1));
      if (changed !== undefined) result.push(changed);
    }
    const references = group.flatMap((item) => item.references);
    const survivor = result[first];
    if (survivor === undefined) for (const reference of references) leftOut.push({ reference, why: 'site' });
    else if (result.length - first < group.length) {
      // What stands for the resources may have been left out: another of the same resources takes its place.
      for (let at = first; at < result.length; at += 1) {
        const item = result[at];
        if (item !== undefined) result[at] = { ...item, references: at === first ? references : [] };
      }
    }
  }
  return result;
}

function changedBySite(item: Item, hook: NonNullable<SiteMapping['item']>, position: number): Item | undefined {
  let changed: Item | undefined;
  try {
    changed = hook(item);
  } catch {
    throw siteMappingError(item, position, 'threw an error');
  }
  if (changed === undefined || changed === item) return changed;
  const wrong = whatIsWrong(item, changed);
  if (wrong !== undefined) throw siteMappingError(item, position, wrong);
  return changed;
}

/** The types say what may come back, but a module may be JavaScript: what matters for delivery is looked at. */
function whatIsWrong(item: Item, changed: unknown): string | undefined {
  if (typeof changed !== 'object' || changed === null) return 'gave something that is no item';
  const of = (name: string): unknown => Reflect.get(changed, name);
  const patient = of('patient');
  const key: unknown = typeof patient === 'object' && patient !== null ? Reflect.get(patient, 'key') : undefined;
  if (key !== item.patient.key) return 'changed the patient';
  if (of('reference') !== item.reference || !sameTexts(of('references'), item.references)) {
    return 'changed the reference';
  }
  if (of('path') !== item.path || of('resourceType') !== item.resourceType) return 'changed the path or the type';
  const content = of('content');
  const kind: unknown = typeof content === 'object' && content !== null ? Reflect.get(content, 'kind') : undefined;
  if (kind !== item.content.kind || of('kind') !== item.kind) return 'changed the kind';
  if (item.content.kind !== 'carried' && !hasObject(content, item.content.kind)) return `gave no ${item.content.kind}`;
  return undefined;
}

function hasObject(value: unknown, name: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const member: unknown = Reflect.get(value, name);
  return typeof member === 'object' && member !== null;
}

function sameTexts(value: unknown, expected: readonly string[]): boolean {
  return (
    value === expected ||
    (Array.isArray(value) &&
      value.length === expected.length &&
      value.every((each: unknown, at) => each === expected[at]))
  );
}
