/** OBX of a resource without a mapping: the JSON itself, as encapsulated data (ED). */
import { CarriedShape, withinStack } from '../fhir-bundle/shapes';
import { toJson } from '../fhir-bundle/lossless-json';
import type { Item } from '../model/item';
import { parseFhirTime, toHl7Time } from '../model/time';
import type { TimeZone } from '../model/time-zone';
import { OBX_1, OBX_11, OBX_21, OBX_4 } from './obx';
import { instanceIdentifier } from './instance-identifier';
import type { Entry, ObxContext } from './scope';
import { SegmentTable } from './segment-table';

export const OBX_CARRIED = new SegmentTable<ObxContext>([
  OBX_1,
  { id: 'carried-obx-2', target: 'OBX-2', source: 'constant', why: 'encapsulated data (§2.A.24)', write: () => 'ED' },
  {
    id: 'carried-obx-3',
    target: 'OBX-3',
    source: 'the type of the resource',
    why: 'a local code, so that nobody takes it for a result',
    write: ({ item: { resourceType: type } }) => `${type}^FHIR ${type}^99FHR`,
  },
  OBX_4,
  {
    id: 'carried-obx-5',
    target: 'OBX-5',
    source: 'the whole resource',
    why: 'the JSON as it came, numbers with their digits; Base64, since JSON is full of delimiters; AP is other application data (table 0191), and a subtype outside of table 0291 begins with `x-`',
    from: ({ item }) => [item.path],
    write: ({ item: { resourceType, raw } }) => {
      const json = withinStack(resourceType, () => toJson(raw));
      return `^AP^x-fhir+json^Base64^${Buffer.from(json, 'utf8').toString('base64')}`;
    },
  },
  OBX_11,
  {
    id: 'carried-obx-14',
    target: 'OBX-14',
    source: 'effectiveDateTime, or the start of effectivePeriod',
    why: 'read where it is usual, and not missed elsewhere',
    from: ({ item }) => [item.path],
    write: ({ time }) => time?.text ?? '',
  },
  {
    ...OBX_21,
    id: 'carried-obx-21',
    source: 'the id of the resource, else its identifier; `#resource` after it when it goes beside its own reading',
    write: ({ item: { reference, beside } }) => instanceIdentifier(reference, beside === undefined ? '' : '#resource'),
  },
]);

export function carriedEntry(item: Item, zone: TimeZone): Entry {
  const parsed = CarriedShape.safeParse(item.raw);
  const found = parsed.success ? parsed.data : {};
  const start = found.effectiveDateTime ?? found.effectivePeriod?.start;
  const time = start === undefined ? undefined : parseFhirTime(start);
  return { item, time: time === undefined ? undefined : toHl7Time(time, zone), end: undefined };
}
