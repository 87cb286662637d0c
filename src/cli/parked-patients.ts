/**
 * Whom the file of a piece of work is about, read from the file when somebody asks: an operator has to know which number
 * the cross-reference lacks, and no table, log or message may say it.
 */
import { identitiesOf, knownResources, marksOf, readFile } from '../activities/data-sharing-file';
import { DuctusError } from '../domain/errors';
import { sentMessages } from '../queries/sent-messages';
import { createBlobStore } from '../runtime/blob-store';
import { createKeyedHash } from '../runtime/codec/keyed-hash';
import type { Config } from '../runtime/config/schema';
import { recordAudit } from '../store/audit';
import type { Store } from '../store/database';
import { movedResources } from '../store/delivered';
import { fileOf } from '../store/ledger';

import { keyOf } from '../store/redelivery';
import { viewerHere } from './context';
import { printable, table } from './output';

export interface WorkPatients {
  readonly patients: readonly {
    /** As Roche gives them. */
    readonly sourceSystem: string;
    readonly sourceValue: string;
    /** The hospital's number. Absent: the cross-reference has none, or is not asked. */
    readonly mrn?: string;
    /** The organization wants the hospital's number, and there is none. */
    readonly missing: boolean;
  }[];
  /** Resources that the destination has under another patient, when the work is parked for that. */
  readonly moved: readonly string[];
}

/**
 * Reads the patients; the look is in the audit before they are returned.
 * @throws DuctusError DUCTUS_NOT_FOUND, DUCTUS_ORGANIZATION_REMOVED, and those of blob store and reader
 */
export async function patientsOfWork(config: Config, store: Store, workflowId: string): Promise<WorkPatients> {
  const work = await sentMessages(store, workflowId);
  if (work === undefined)
    throw new DuctusError('DUCTUS_NOT_FOUND', `The ledger knows no work with the id ${workflowId}.`);
  const key = keyOf(work);
  const organization = Object.hasOwn(config.organizations, key.organization)
    ? config.organizations[key.organization]
    : undefined;
  if (organization === undefined) throw new DuctusError('DUCTUS_ORGANIZATION_REMOVED');
  const deps = { store, hash: createKeyedHash(config.encryption.hashKey) };
  const file = await fileOf(store, key);
  const blobs = createBlobStore(config);
  const bytes = await blobs.get(file.blob).finally(() => {
    blobs.close();
  });
  const content = readFile(bytes, file.messageType);
  const identities = await identitiesOf(deps, key.organization, organization, content);
  const moved: ReadonlySet<string> = new Set(await movedResources(store, key));
  const people = new Map(
    content.resources.flatMap(({ subject }) => (subject ? [[subject.key, subject] as const] : [])),
  );
  const patients = [...people.values()].map(({ key: patient, identifier }) => {
    const mrn = identities.get(patient)?.value;
    return {
      sourceSystem: identifier.system ?? '',
      sourceValue: identifier.value,
      ...(mrn === undefined ? {} : { mrn }),
      missing: mrn === undefined && organization.patientIdentity.source === 'registry',
    };
  });
  await recordAudit(store, {
    kind: 'payload-read',
    action: 'R',
    organization: key.organization,
    work: workflowId,
    ...viewerHere(),
    patients: [...marksOf(deps, key.organization, content, identities).values()].flat(),
    details: { what: 'patients' },
  });
  return {
    patients,
    moved: [...knownResources(deps, key.organization, content)].flatMap(([reference, { hash }]) =>
      moved.has(hash) ? [reference] : [],
    ),
  };
}

/** As text for a terminal. */
export function patientsText({ patients, moved }: WorkPatients): string {
  const rows = patients.map(({ sourceSystem, sourceValue, mrn, missing }) => [
    sourceSystem,
    sourceValue,
    mrn ?? (missing ? 'is missing in the cross-reference' : 'goes as it is'),
  ]);
  const lines = [table(['SYSTEM', 'NUMBER', 'NUMBER OF THE HOSPITAL'], rows, 'The file names no patient.')];
  if (moved.length > 0) {
    lines.push(
      '',
      'The destination has under another patient:',
      ...moved.map((reference) => `  ${printable(reference)}`),
    );
  }
  return lines.join('\n');
}
