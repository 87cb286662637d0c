/**
 * What operators can do with patients, once for the HTTP API and the command line: here the cross-reference, in
 * patient-registry.ts the registry. A change is one transaction with its entry in the list of decisions; no workflow is
 * needed for it (ADR 0013).
 */
import { numberMark, patientMarks, type Viewer } from '../domain/audit';
import { DuctusError } from '../domain/errors';
import { OrganizationIdSchema, type OrganizationId } from '../domain/identifiers';
import {
  listPatients,
  summarizePatients,
  type PatientFilter,
  type PatientsSummary,
  type PatientView,
} from '../queries/patients';
import { recordAuditOf } from '../store/audit';
import type { Store } from '../store/database';
import {
  importPatients,
  removePatients,
  type MarksOf,
  type ImportOutcome,
  type PatientEntry,
  type PatientOrder,
  type SourceNumber,
} from '../store/patients';
import { identifierKey } from '../transforms/fhir-bundle/references';
import { createKeyedHash } from './codec/keyed-hash';
import type { Config } from './config/schema';
import { createRegistryOperations, type RegistryOperations } from './patient-registry';

export type PatientsImport =
  | ImportOutcome
  /** Nothing was written. @property positions of entries that give a number of the same file something else */
  | { readonly status: 'contradictory'; readonly positions: readonly number[] };

export interface PatientOperations extends RegistryOperations {
  /** @throws DuctusError DUCTUS_NOT_FOUND, as all here, for an organization that is not configured */
  summary(organization?: string): Promise<readonly PatientsSummary[]>;
  /** Shows numbers: who looked stands in the audit first. */
  list(organization: string, filter: PatientFilter, viewer: Viewer): Promise<readonly PatientView[]>;
  /** All entries or none; an entry that is there with another number is only replaced where that is asked for. */
  import(
    organization: string,
    entries: readonly PatientEntry[],
    order: PatientOrder & { readonly replace: boolean },
  ): Promise<PatientsImport>;
  /** @returns how many there were */
  remove(organization: string, numbers: readonly SourceNumber[], order: PatientOrder): Promise<number>;
}

/** Builds the operations on a store. */
export function createPatientOperations(config: Config, store: Store): PatientOperations {
  const hash = createKeyedHash(config.encryption.hashKey);
  const marksIn =
    (organization: OrganizationId): MarksOf =>
    ({ sourceSystem, sourceValue, mrn }) =>
      patientMarks(hash, organization, {
        key: identifierKey({ system: sourceSystem, value: sourceValue }),
        numbers: [sourceValue, mrn],
      });
  const configured = (organization: string): OrganizationId => {
    const id = OrganizationIdSchema.safeParse(organization);
    if (!id.success || !Object.hasOwn(config.organizations, id.data)) {
      throw new DuctusError('DUCTUS_NOT_FOUND', `There is no organization "${organization}" in the configuration.`);
    }
    return id.data;
  };
  return {
    ...createRegistryOperations(config, store, configured, marksIn),
    summary: async (organization) =>
      summarizePatients(store, organization === undefined ? undefined : configured(organization)),
    list: async (organization, filter, viewer) => {
      const id = configured(organization);
      const found = await listPatients(store, id, filter);
      // Also when nothing is found: that a number is not known says something as well.
      const asked = filter.sourceValue === undefined ? [] : [[numberMark(hash, id, filter.sourceValue)]];
      const entry = {
        kind: 'patients-read',
        action: 'R',
        organization: id,
        ...viewer,
        details: { shown: found.length },
      } as const;
      const marks = found.map((each) => marksIn(id)({ ...each, mrn: each.mrn ?? each.sourceValue }));
      await recordAuditOf(store, entry, found.length > 0 ? marks : asked);
      return found;
    },
    import: async (organization, entries, order) => {
      const id = configured(organization);
      const { unique, contradictory } = withoutRepeats(entries);
      if (contradictory.length > 0) return { status: 'contradictory', positions: contradictory };
      const outcome = await importPatients(
        store,
        id,
        unique.map(({ entry }) => entry),
        order,
        marksIn(id),
      );
      if (outcome.status === 'done') return outcome;
      return { status: 'different', changed: outcome.changed.flatMap((index) => unique[index]?.position ?? []) };
    },
    remove: async (organization, numbers, order) => {
      const id = configured(organization);
      return removePatients(store, id, numbers, order, marksIn(id));
    },
  };
}

interface Positioned {
  readonly entry: PatientEntry;
  readonly position: number;
}

/** An entry that comes twice counts once; one that comes twice and differs cannot be decided here. */
function withoutRepeats(entries: readonly PatientEntry[]): {
  readonly unique: readonly Positioned[];
  readonly contradictory: readonly number[];
} {
  const bySource = new Map<string, Positioned>();
  const contradictory: number[] = [];
  for (const [position, entry] of entries.entries()) {
    const source = JSON.stringify([entry.sourceSystem, entry.sourceValue]);
    const other = bySource.get(source)?.entry;
    if (other === undefined) bySource.set(source, { entry, position });
    else if (
      other.mrn !== entry.mrn ||
      other.assigningAuthority !== entry.assigningAuthority ||
      other.identifierType !== entry.identifierType
    ) {
      contradictory.push(position);
    }
  }
  return { unique: [...bySource.values()], contradictory };
}
