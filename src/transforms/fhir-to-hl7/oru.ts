/** ORU^R01: which observations stand under which OBR. */
import type { Item } from '../model/item';
import type { DeviceDescription } from '../model/reading';
import type { V2Code } from './codes';
import { carriedEntry, OBX_CARRIED } from './carried';
import { deviceFacts, OBX_DEVICE } from './device';
import { instanceIdentifier } from './instance-identifier';
import type { MessageBuilder } from './message-builder';
import { NTE, notesOf } from './nte';
import { CARRIED_PANEL, DEVICE_PANEL, DIABETES_PANEL, OBR, panelFiller, readingCode, timeRange } from './obr';
import { OBX, OBX_DELIVERY } from './obx';
import { containment, deviceSpecialization, PCD_OBX, PCD_OBX_MDS } from './pcd';
import { entryOf, type Entry, type ReadingEntry, type Scope } from './scope';
import { hasDelivery, membersApart, parentsOf, subIds, type Apart } from './sub-ids';

/**
 * Adds the ORDER_OBSERVATION groups of one message: readings in the order of the items, then each device, then
 * carried resources under an OBR of their own.
 * @param seed what makes OBR-3 of a panel differ from that of other notifications
 */
export function addObservations(builder: MessageBuilder, items: readonly Item[], scope: Scope, seed: string): void {
  const readings: ReadingEntry[] = [];
  const carried: Entry[] = [];
  for (const item of items) {
    if (item.content.kind === 'reading') readings.push(entryOf(item, item.content.reading, scope.zone));
    else if (item.content.kind === 'carried') carried.push(carriedEntry(item, scope.zone));
  }
  const parents = parentsOf(readings);
  const isEach = scope.profile.grouping === 'observation';
  const apart = membersApart(readings, parents, isEach);
  let count = 0;
  const addReport = (code: V2Code, filler: string, entries: readonly Entry[], parent?: Entry): void => {
    count += 1;
    builder.add(OBR, { setId: count, scope, code, filler, entries, parent, range: timeRange(entries) });
  };

  if (isEach) {
    readings.forEach((reading, position) => {
      const parent = readings[parents.get(position)?.parent ?? -1];
      addReport(readingCode(reading), instanceIdentifier(reading.item.reference), [reading], parent);
      addReadings(builder, [reading], scope, apart?.slice(position, position + 1));
    });
  } else if (readings.length > 0) {
    addReport(DIABETES_PANEL, panelFiller(readings, seed), readings);
    addReadings(builder, readings, scope, apart, parents);
  }
  for (const item of items) {
    if (item.content.kind !== 'device') continue;
    const entry = { item, time: undefined, end: undefined };
    addReport(DEVICE_PANEL, instanceIdentifier(item.reference), [entry]);
    addDevice(builder, entry, item.content.device, scope);
  }
  if (carried.length > 0) {
    addReport(CARRIED_PANEL, panelFiller(carried, seed), carried);
    carried.forEach((entry, position) => {
      const setId = position + 1;
      const subId = scope.isPcd ? `0.0.0.${setId}` : carried.length === 1 ? '' : String(setId);
      builder.add(OBX_CARRIED, { ...entry, scope, setId, subId });
    });
  }
}

/** OBX of one device; in PCD-01 under the OBX that names it. */
function addDevice(builder: MessageBuilder, entry: Entry, device: DeviceDescription, scope: Scope): void {
  let setId = 0;
  if (scope.isPcd) {
    const { path } = entry.item;
    builder.add(PCD_OBX_MDS, {
      setId: (setId += 1),
      device: device.id,
      mds: 1,
      code: deviceSpecialization(device),
      from: [path],
    });
  }
  deviceFacts(entry.item, device).forEach((fact, index) => {
    const subId = `${scope.isPcd ? '1.0.0.' : ''}${index + 1}`;
    builder.add(OBX_DEVICE, { ...entry, scope, setId: (setId += 1), subId, device, fact });
  });
}

/** OBX of the readings of one OBR, each followed by its notes. */
function addReadings(
  builder: MessageBuilder,
  entries: readonly ReadingEntry[],
  scope: Scope,
  apart: Apart,
  parents: ReturnType<typeof parentsOf> = new Map(),
): void {
  const { isPcd, profile } = scope;
  let setId = 0;
  let numbers: readonly string[];
  if (isPcd) {
    const { devices, roots } = containment(entries);
    for (const device of devices) builder.add(PCD_OBX_MDS, { setId: (setId += 1), ...device });
    numbers = subIds(entries, parents, (_, position) => roots[position] ?? '');
  } else {
    const [first] = entries;
    // Most messages with one OBX have one reading; a second OBX on how insulin was given needs a number above its own.
    const isAlone = entries.length === 1 && first !== undefined && !hasDelivery(first);
    numbers = subIds(entries, parents, (_, position) => (isAlone ? '' : String(position + 1)));
  }
  const table = isPcd ? PCD_OBX : OBX;
  const statesEnd = profile.grouping === 'panel';
  entries.forEach((entry, position) => {
    const { item, reading, time, end } = entry;
    const subId = numbers[position] ?? '';
    builder.add(table, { scope, item, reading, time, end, setId: (setId += 1), subId });
    const notes = notesOf(entry, scope, statesEnd, apart?.[position]);
    for (let note = 0; note < notes.length; note += 1) {
      const found = notes[note];
      if (found !== undefined) builder.add(NTE, { ...found, setId: note + 1 });
    }
    if (!hasDelivery(entry)) return;
    builder.add(OBX_DELIVERY, { scope, item, reading, time, end, setId: (setId += 1), subId: `${subId}.1` });
  });
}
