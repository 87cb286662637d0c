/** How many of the readings a destination wants: all, the last of each hour, or a summary of each day. */
import type { Item } from '../model/item';
import type { MapContext } from '../model/message';
import type { SelectionProfile } from '../model/profile';
import { TimeZone } from '../model/time-zone';
import { summarizeDays } from './daily-summary';
import type { Sorted } from './delivery';
import { kindsWith } from './kinds-with';
import { onlyLatestOfHour } from './latest-per-hour';

/**
 * Items in groups that were made of the same resources: of one each, unless they are a summary.
 * @param items what is sent, in the unit of the destination
 */
export function atDensity(
  items: readonly Item[],
  { present, leftOut }: Pick<Sorted, 'present' | 'leftOut'>,
  { density, timeZone }: Pick<SelectionProfile, 'density' | 'timeZone'>,
  { redelivery }: Pick<MapContext, 'redelivery'>,
): readonly (readonly Item[])[] {
  const hourly = kindsWith(density, 'latest-per-hour');
  const daily = kindsWith(density, 'daily-summary');
  if (hourly.size === 0 && daily.size === 0) return items.map((item) => [item]);
  const zone = new TimeZone(timeZone);
  const thinned = hourly.size === 0 ? items : onlyLatestOfHour(items, present, hourly, zone, leftOut);
  if (daily.size === 0) return thinned.map((item) => [item]);
  return summarizeDays(thinned, daily, zone, redelivery, leftOut);
}
