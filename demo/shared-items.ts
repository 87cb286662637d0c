/** What Roche shares, as the EMR should come to know it: each item of a file in the version that the file has. */
/// <reference types="fhir" />
import { createHash } from 'node:crypto';
import type { EmrEntry } from '../simulators/emr/entries';
import { SAMPLE_KINDS, itemVersions, type SampleKind } from '../simulators/roche-dc/sample-versions';
import { ZoneClock } from '../simulators/roche-dc/sample-times';

export { SAMPLE_KINDS, type SampleKind } from '../simulators/roche-dc/sample-versions';

/** One version of an item. */
export interface SharedItem {
  readonly kind: SampleKind;
  /** The same for all versions: `Observation/…`, or the set of a document. */
  readonly id: string;
  /** The patient deleted it: only that has to arrive. */
  readonly deleted: boolean;
  readonly value?: number | undefined;
  readonly unit?: string | undefined;
  /** Epoch milliseconds. */
  readonly instantMs?: number | undefined;
  /** Of a device. */
  readonly firmware?: string | undefined;
  /** Of a document, hexadecimal. */
  readonly sha256?: string | undefined;
}

/**
 * The items of a file; none where it is nothing that we can read.
 * @param zone IANA zone of clocks that say none
 */
export function itemsOf(file: object | string | Uint8Array, zone: string): SharedItem[] {
  const text =
    typeof file === 'string' ? file : file instanceof Uint8Array ? Buffer.from(file).toString('utf8') : undefined;
  if (text?.includes('ClinicalDocument') === true)
    return [documentItem(file instanceof Uint8Array ? file : Buffer.from(text), text)];
  try {
    const content: unknown = text === undefined ? file : JSON.parse(text);
    return isBundle(content) ? bundleItems(content, new ZoneClock(zone)) : [];
  } catch {
    return [];
  }
}

function bundleItems(bundle: fhir.Bundle, clock: ZoneClock): SharedItem[] {
  return itemVersions(bundle).map(({ kind, reference, deleted, value, unit, at, firmware }) => ({
    kind,
    id: reference,
    deleted,
    value,
    unit,
    instantMs: at === undefined ? undefined : clock.read(at),
    firmware,
  }));
}

function documentItem(bytes: Uint8Array, text: string): SharedItem {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const set = /<(?:\w+:)?setId\b[^>]*extension="([^"]*)"/.exec(text)?.[1];
  return { kind: 'report', id: set ?? sha256, deleted: false, sha256 };
}

function isBundle(content: unknown): content is fhir.Bundle {
  return (
    typeof content === 'object' && content !== null && 'resourceType' in content && content.resourceType === 'Bundle'
  );
}

/** What an item of a file and an entry of the EMR have in common when they are about the same thing. */
export function keyOf(one: SharedItem | EmrEntry): string {
  return one.sha256 ?? ('item' in one ? one.item : one.id);
}

/** Whether the entry is this version. */
export function isVersion(item: SharedItem, entry: EmrEntry): boolean {
  if (item.kind !== entry.kind || item.deleted !== (entry.action === 'deleted')) return false;
  if (item.deleted) return true;
  switch (item.kind) {
    case 'glucose':
    case 'carbs':
    case 'insulin':
      return item.value === entry.value && ucum(item.unit) === ucum(entry.unit) && item.instantMs === entry.instantMs;
    case 'device':
      return item.firmware === undefined || entry.texts.includes(item.firmware);
    case 'report':
      return item.sha256 === entry.sha256;
  }
}

/** UCUM has two spellings of the international unit. */
function ucum(unit: string | undefined): string {
  return (unit ?? '').replace('[IU]', '[iU]');
}

/** Whether two versions say the same. */
export function isSame(one: SharedItem, other: SharedItem): boolean {
  return (
    one.deleted === other.deleted &&
    one.value === other.value &&
    one.unit === other.unit &&
    one.instantMs === other.instantMs &&
    one.firmware === other.firmware &&
    one.sha256 === other.sha256
  );
}

/** A count for each kind. */
export function countKinds(items: readonly Pick<SharedItem, 'kind'>[]): Record<SampleKind, number> {
  const counts = { glucose: 0, carbs: 0, insulin: 0, device: 0, report: 0 } satisfies Record<SampleKind, number>;
  for (const { kind } of items) counts[kind] += 1;
  return counts;
}

/** The sum of all kinds. */
export function sumKinds(counts: Readonly<Record<SampleKind, number>>): number {
  return SAMPLE_KINDS.reduce((sum, kind) => sum + counts[kind], 0);
}
