/**
 * The version of a resource as the ledger keeps it, and how two versions compare. FHIR's `meta.lastUpdated` orders
 * versions; `versionId` does when it is a number; without either, another content is a later version.
 */

export interface ResourceVersion {
  /** `meta.versionId`, or what stands for it. */
  readonly version: string;
  readonly lastUpdated: string | undefined;
  /** SHA-256 of the content, hexadecimal. */
  readonly contentHash: string;
}

const SEPARATOR = '|';
const HASH_LENGTH = 16;

/** The form in which the ledger keeps a version. */
export function versionKey(version: ResourceVersion): string {
  const hash = version.contentHash.slice(0, HASH_LENGTH);
  return `${version.lastUpdated ?? ''}${SEPARATOR}${version.version}${SEPARATOR}${hash}`;
}

/**
 * What the destination has, seen from the version at hand.
 * @param delivered key of the delivered version
 * @returns `current`: this very version; `newer`: a later one; `earlier`: an earlier one
 */
export function compareDelivered(delivered: string, mine: ResourceVersion): 'current' | 'newer' | 'earlier' {
  if (delivered === versionKey(mine)) return 'current';
  const parts = delivered.split(SEPARATOR);
  const deliveredAt = Date.parse(parts[0] ?? '');
  const mineAt = Date.parse(mine.lastUpdated ?? '');
  if (!Number.isNaN(deliveredAt) && !Number.isNaN(mineAt) && deliveredAt !== mineAt) {
    return deliveredAt > mineAt ? 'newer' : 'earlier';
  }
  const deliveredVersion = parts.slice(1, -1).join(SEPARATOR);
  if (/^\d{1,15}$/.test(deliveredVersion) && /^\d{1,15}$/.test(mine.version) && deliveredVersion !== mine.version) {
    return Number(deliveredVersion) > Number(mine.version) ? 'newer' : 'earlier';
  }
  return 'earlier';
}
