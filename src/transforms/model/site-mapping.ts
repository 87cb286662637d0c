/**
 * What a hospital's own mapping module may do (docs/guide/site-mapping.md): TypeScript of the site, with tests of the
 * site, named by `destinations.*.mapping.module`. Its functions must be pure, as all transforms are: the same input
 * gives the same output, or a repeat would not be the same message.
 */
import type { Item } from './item';

export interface SiteMapping {
  /** Changes an item before it is written, or leaves it out (undefined: counted as left out by the site). */
  readonly item?: (item: Item) => Item | undefined;
  /**
   * Changes the segments of an HL7 v2 message: those after MSH, without their CR, or MSH with MSH-10 still empty as the
   * first. MSH-10 is made of what comes back.
   */
  readonly segments?: (segments: readonly string[]) => readonly string[];
}
