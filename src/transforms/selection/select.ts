/**
 * What of a file goes to one destination, and as what. Nothing vanishes here: what is not among the items is named with
 * the reason. The steps, in this order: what is sent at all (delivery), units, density, codes, elements without a
 * mapping, the hospital's numbers, the site's own changes.
 */
import type { FileContent } from '../model/content';
import type { Item } from '../model/item';
import type { MapContext, Selection } from '../model/message';
import type { SelectionProfile } from '../model/profile';
import { CodeMaps } from './code-maps';
import { sortByDelivery } from './delivery';
import { atDensity } from './density';
import { inGlucoseUnit } from './glucose-units';
import { withIdentities } from './identity';
import { PatientChangedError, unmappedError } from './refused';
import { throughSite } from './site-item';
import { countUnread, unreadOf } from './unread';

/**
 * Sorts the resources into what is sent, what is left out, and what has no mapping (and may be carried all the same).
 * @throws DuctusError DUCTUS_BUNDLE_UNMAPPED when the profile parks what has no mapping; the details count it by type and
 *   element. DUCTUS_PATIENT_UNKNOWN when it parks patients without a number of the hospital.
 *   DUCTUS_PATIENT_CHANGED when the destination has a resource under another patient. DUCTUS_SITE_MAPPING_FAILED when the
 *   site's own mapping fails
 */
export function select(content: FileContent, profile: SelectionProfile, context: MapContext): Selection {
  const sorted = sortByDelivery(content, profile, context);
  const { leftOut, unmapped } = sorted;
  const converted = inUnit(sorted.items, profile.glucoseUnit);
  const coded = withCodes(atDensity(converted, sorted, profile, context), new CodeMaps(profile.codeMappings));
  const { groups, counts: unread } = countUnread(coded, unreadOf(content.resources), profile.unmapped);
  if (profile.unmapped === 'park' && (unmapped.length > 0 || Object.keys(unread).length > 0)) {
    throw unmappedError(unmapped, unread);
  }
  const identified = withIdentities(groups, profile, context.identities);
  // After the numbers: what moved may only be known under another one, once the cross-reference has it.
  if (sorted.moved.length > 0) throw new PatientChangedError(sorted.moved);
  const hook = context.site?.item;
  const items = hook === undefined ? identified.flat() : throughSite(identified, hook, leftOut);
  return { items, leftOut, unmapped, unread };
}

function inUnit(items: readonly Item[], unit: SelectionProfile['glucoseUnit']): readonly Item[] {
  if (unit === 'as-sent') return items;
  return items.map((item) => {
    if (item.content.kind !== 'reading') return item;
    const reading = inGlucoseUnit(item.content.reading, unit);
    return reading === item.content.reading ? item : { ...item, content: { kind: 'reading', reading } };
  });
}

function withCodes(groups: readonly (readonly Item[])[], maps: CodeMaps): readonly (readonly Item[])[] {
  if (maps.isEmpty) return groups;
  return groups.map((group) =>
    group.map((item) => {
      const content = maps.inContent(item.content);
      return content === item.content ? item : { ...item, content };
    }),
  );
}
