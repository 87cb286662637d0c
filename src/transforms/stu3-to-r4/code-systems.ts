/** Code systems that moved to terminology.hl7.org with R4 (R4 terminologies-systems.html). */

const STU3_ROOT = 'http://hl7.org/fhir/';
const R4_ROOT = 'http://terminology.hl7.org/CodeSystem/';

/** Code systems of extensible bindings that our types use; those of required bindings never stand in a Coding. */
const MOVED: ReadonlySet<string> = new Set([
  'observation-category',
  'data-absent-reason',
  'referencerange-meaning',
  'reason-medication-given',
  'medication-admin-category',
  'device-status-reason',
]);

/** @param system as STU3 names it; others come back as they are */
export function toR4CodeSystem(system: string): string {
  if (!system.startsWith(STU3_ROOT)) return system;
  const name = system.slice(STU3_ROOT.length);
  if (MOVED.has(name)) return R4_ROOT + name;
  const table = /^(v[23])\/([A-Za-z0-9-]+)$/.exec(name);
  return table === null ? system : `${R4_ROOT}${table[1] ?? ''}-${table[2] ?? ''}`;
}
