/** Kinds of readings that a destination wants at a density. */
import type { Density, SelectionProfile } from '../model/profile';
import type { ReadingKind } from '../model/reading';

/** Every kind that has a density; other measurements are few, and always go. */
const DENSE_KINDS = ['glucose', 'carbs', 'insulin'] as const;

export function kindsWith(density: SelectionProfile['density'], wanted: Density): ReadonlySet<ReadingKind> {
  return new Set(DENSE_KINDS.filter((kind) => density[kind] === wanted));
}
