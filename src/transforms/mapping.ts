/**
 * The one door of the transforms: a file that was read, a destination's profile, what the destination has → messages.
 * Pure: the same input gives the same bytes.
 */
import { itemsToHl7 } from './fhir-to-hl7';
import { itemsToJson } from './fhir-to-json';
import { addKinds } from './model/counts';
import type { FileContent } from './model/content';
import type { MapContext, MappedMessage, MapResult, Selection } from './model/message';
import type { MappingProfile } from './model/profile';
import { select } from './selection/select';
import { itemsToFhir } from './stu3-to-r4';

/**
 * Maps a file for one destination.
 * @throws DuctusError DUCTUS_BUNDLE_UNMAPPED when the destination parks what has no mapping
 */
export function mapFile(content: FileContent, profile: MappingProfile, context: MapContext): MapResult {
  const { items: selected, ...rest } = select(content, profile.selection, context);
  const items = context.only === undefined ? selected : onlyThese(selected, context.only);
  const messages = write(items, profile, context);
  return { ...rest, messages, kinds: addKinds(messages.map(({ kinds }) => kinds)) };
}

/** As `mapFile`, with each item in a message of its own: what is said about it stands alone, and can be compared. */
export function mapEachItem(content: FileContent, profile: MappingProfile, context: MapContext): MappedMessage[] {
  const { items } = select(content, profile.selection, context);
  const alone = {
    ...profile,
    hl7: { ...profile.hl7, maxObservationsPerMessage: 1 },
    fhir: { ...profile.fhir, maxEntriesPerBundle: 1 },
  };
  return write(items, alone, context, 1);
}

/** @param jsonItems most items of a JSON document; the other forms have their limits in the profile */
function write(
  items: Selection['items'],
  profile: MappingProfile,
  context: MapContext,
  jsonItems?: number,
): MappedMessage[] {
  const { timeZone } = profile.selection;
  switch (profile.form) {
    case 'hl7':
      return itemsToHl7(items, profile.hl7, timeZone, context);
    case 'fhir':
      return itemsToFhir(items, profile.fhir, timeZone, context);
    case 'json':
      return itemsToJson(items, timeZone, context, jsonItems);
  }
}

function onlyThese(items: Selection['items'], only: ReadonlySet<string>): Selection['items'] {
  let taken = false;
  return items.filter(({ references: [first] }) => {
    // What has no references of its own (a mean, say) belongs to the item before it, which has those of the day.
    if (first !== undefined) taken = only.has(first);
    return taken;
  });
}
