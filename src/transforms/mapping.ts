/**
 * The one door of the transforms: a file that was read, a destination's profile, what the destination has → messages.
 * Pure: the same input gives the same bytes.
 */
import { itemsToHl7 } from './fhir-to-hl7';
import { addKinds } from './model/counts';
import type { FileContent } from './model/content';
import type { MapContext, MappedMessage, MapResult, Selection } from './model/message';
import type { MappingProfile } from './model/profile';
import { select } from './selection/select';

/**
 * Maps a file for one destination.
 * @throws DuctusError DUCTUS_BUNDLE_UNMAPPED when the destination parks what has no mapping
 */
export function mapFile(content: FileContent, profile: MappingProfile, context: MapContext): MapResult {
  const { items, ...rest } = select(content, profile.selection, context);
  const messages = write(items, profile, context);
  return { ...rest, messages, kinds: addKinds(messages.map(({ kinds }) => kinds)) };
}

function write(items: Selection['items'], profile: MappingProfile, context: MapContext): MappedMessage[] {
  return itemsToHl7(items, profile.hl7, profile.selection.timeZone, context);
}
