/** A fetched file as the mapping wants it: read by what it is, with the ledger's names and the hospital's numbers. */
import type { WorkKey } from '../domain/data-sharing';
import { patientLane, patientMarks } from '../domain/audit';
import type { KeyedHash, OrganizationId } from '../domain/identifiers';
import { DuctusError } from '../domain/errors';
import type { OrganizationConfig } from '../runtime/config/schema';
import { recordMoved } from '../store/delivered';
import { findPatients, type SourceNumber } from '../store/patients';
import { personNumbers, survivorsOf } from '../store/persons';
import { readReport } from '../transforms/cda';
import { readBundle } from '../transforms/fhir-bundle';
import type { FileContent, ParsedResource } from '../transforms/model/content';
import type { PatientContext } from '../transforms/model/patient';
import type { EmrIdentity } from '../transforms/model/profile';
import { PatientChangedError } from '../transforms/selection/refused';
import type { ActivityDependencies } from './dependencies';

/** Stands for resources that name no patient: they queue behind each other. */
const NO_PATIENT = 'no patient';

/** A resource under the name that the ledger has for it. */
export interface KnownResource {
  /** A keyed hash, since FHIR ids may point at a person. */
  readonly hash: string;
  readonly resource: ParsedResource;
}

/** The name of a resource in the ledger. */
export function resourceHash(
  deps: Pick<ActivityDependencies, 'hash'>,
  organization: OrganizationId,
  reference: string,
): string {
  return deps.hash(`${organization}|${reference}`);
}

/**
 * @param messageType of the notification
 * @throws DuctusError DUCTUS_BUNDLE_INVALID, DUCTUS_REPORT_INVALID; DUCTUS_BUNDLE_UNMAPPED for a type that is not known
 */
export function readFile(bytes: Buffer, messageType: string): FileContent {
  switch (messageType) {
    case 'Clinical Data':
      return readBundle(bytes);
    case 'Clinical Report':
      return readReport(bytes);
    default:
      throw new DuctusError('DUCTUS_BUNDLE_UNMAPPED', `Files of type "${messageType}" have no mapping.`);
  }
}

/** The resources of a file by reference. */
export function knownResources(
  deps: Pick<ActivityDependencies, 'hash'>,
  organization: OrganizationId,
  { resources }: FileContent,
): ReadonlyMap<string, KnownResource> {
  return new Map(
    resources.map((resource) => [
      resource.reference,
      { hash: resourceHash(deps, organization, resource.reference), resource },
    ]),
  );
}

/** Keyed hashes of the patients whose data the file holds: what delivery takes turns by. */
export function patientHashes(
  deps: Pick<ActivityDependencies, 'hash'>,
  organization: OrganizationId,
  { resources }: FileContent,
): ReturnType<ActivityDependencies['hash']>[] {
  const patients = new Set(
    resources.filter(({ mapping }) => mapping.kind !== 'context').map(({ patient }) => patient ?? NO_PATIENT),
  );
  return [...patients].map((patient) => patientLane(deps.hash, organization, patient));
}

/** How the EMR knows a patient. */
export interface KnownIdentity extends EmrIdentity {
  /** All numbers that the registry has for the person, after merges by the HIS; none for who is not in it. */
  readonly further?: readonly string[];
}

/**
 * The hospital's own numbers of the patients of the file, by patient key; none where the organization takes the numbers
 * as they come.
 */
export async function identitiesOf(
  deps: Pick<ActivityDependencies, 'store'>,
  organization: OrganizationId,
  { patientIdentity, patientSync }: OrganizationConfig,
  content: FileContent,
): Promise<ReadonlyMap<string, KnownIdentity>> {
  if (patientIdentity.source === 'as-sent') return new Map();
  const askable = sourceNumbersOf(content).filter(isAskable);
  // A merge is newer than any entry for the number that it ended.
  const survivors = await survivorsOf(deps.store, organization, askable);
  const numbers = await personNumbers(deps.store, organization, askable);
  const found = await findPatients(deps.store, organization, [...askable, ...survivors.values()]);
  const byNumber = new Map(found.map((entry) => [numberKey(entry), entry]));
  const identities = new Map<string, KnownIdentity>();
  for (const [position, number] of askable.entries()) {
    const survivor = survivors.get(position);
    const entry = byNumber.get(numberKey(survivor ?? number));
    const further = numbers.get(position) ?? [];
    if (entry !== undefined) {
      const { mrn, assigningAuthority, identifierType } = entry;
      identities.set(number.key, { value: mrn, assigningAuthority, identifierType, further });
    } else if (survivor !== undefined) {
      // Merged by the HIS, and not yet at Roche, which is when the cross-reference learns of it.
      identities.set(number.key, {
        value: survivor.sourceValue,
        assigningAuthority: patientSync?.identifier.assigningAuthority ?? survivor.assigningAuthority,
        identifierType: patientSync?.identifier.type ?? '',
        further,
      });
    }
  }
  return identities;
}

/** The number of a patient of a file, under the patient's key. */
export interface FileNumber extends SourceNumber {
  readonly key: string;
}

/** The number of each patient whom the file names. */
export function sourceNumbersOf({ resources }: FileContent): readonly FileNumber[] {
  const people = new Map<string, PatientContext>();
  for (const { subject } of resources) if (subject !== undefined) people.set(subject.key, subject);
  return [...people.values()].map(({ key, identifier }) => ({
    key,
    sourceSystem: identifier.system ?? '',
    sourceValue: identifier.value,
  }));
}

/** PostgreSQL cannot hold a NUL, so that such a number has no entry. */
export function isAskable({ sourceSystem, sourceValue }: SourceNumber): boolean {
  return !`${sourceSystem}${sourceValue}`.includes('\u0000');
}

/** Marks of the patients of the file for the audit, by patient key. */
export function marksOf(
  { hash }: Pick<ActivityDependencies, 'hash'>,
  organization: OrganizationId,
  { resources }: FileContent,
  identities: ReadonlyMap<string, EmrIdentity>,
): ReadonlyMap<string, readonly string[]> {
  const marks = new Map<string, readonly string[]>();
  for (const { subject } of resources) {
    if (subject === undefined || marks.has(subject.key)) continue;
    const mrn = identities.get(subject.key)?.value;
    const numbers = [subject.identifier.value, ...(mrn === undefined ? [] : [mrn])];
    marks.set(subject.key, patientMarks(hash, organization, { key: subject.key, numbers }));
  }
  return marks;
}

/**
 * Keyed hashes of how the destination knows the patients of the file, by patient key. The first is the one to keep with what
 * is delivered: of the hospital's own number, where there is one, so that another number of Roche for the same person makes
 * no difference. The others are those under which it may have been delivered before: without the authority, and before the
 * hospital's number was known.
 */
export function recipientMarks(
  { hash }: Pick<ActivityDependencies, 'hash'>,
  organization: OrganizationId,
  { resources }: FileContent,
  identities: ReadonlyMap<string, KnownIdentity>,
): ReadonlyMap<string, readonly KeyedHash[]> {
  const marks = new Map<string, readonly KeyedHash[]>();
  for (const { subject } of resources) {
    if (subject === undefined || marks.has(subject.key)) continue;
    const asSent = hash(`${organization}|recipient|as-sent|${subject.key}`);
    const emr = identities.get(subject.key);
    if (emr === undefined) {
      marks.set(subject.key, [asSent]);
      continue;
    }
    // A universal id may be added to the name of an authority later.
    const [name = ''] = emr.assigningAuthority.split('&');
    // After a merge by the HIS, what was delivered under the number that ended belongs to the survivor.
    const own = [emr.value, ...(emr.further ?? [])].flatMap((value) =>
      [...new Set([name, ''])].map((authority) => hash(`${organization}|recipient|own|${ownKey(authority, value)}`)),
    );
    marks.set(subject.key, [...own, asSent]);
  }
  return marks;
}

/** Under which patients the destination has the resources of the file, by reference. */
export function deliveredTo(
  known: ReadonlyMap<string, KnownResource>,
  delivered: ReadonlyMap<string, { readonly patientHash: string | undefined }>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [reference, { hash }] of known) {
    const patient = delivered.get(hash)?.patientHash;
    if (patient !== undefined) found.set(reference, patient);
  }
  return found;
}

/**
 * Runs a mapping, and notes the resources that it holds back because they would go to another patient: an operator who
 * skips means them.
 */
export async function notingMoved<T>(
  { store }: Pick<ActivityDependencies, 'store'>,
  key: WorkKey,
  known: ReadonlyMap<string, KnownResource>,
  map: () => T | Promise<T>,
): Promise<T> {
  try {
    return await map();
  } catch (error) {
    if (error instanceof PatientChangedError) {
      const hashes = error.references().flatMap((reference) => known.get(reference)?.hash ?? []);
      await recordMoved(store, key, hashes);
    }
    throw error;
  }
}

function ownKey(authority: string, value: string): string {
  return JSON.stringify([authority, value]);
}

function numberKey({ sourceSystem, sourceValue }: SourceNumber): string {
  return JSON.stringify([sourceSystem, sourceValue]);
}
