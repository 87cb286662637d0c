/**
 * The audit for those who keep and read it, once for the HTTP API, the command line and the codec server. To read it is an
 * event as well, written before anything is shown.
 */
import { numberMark, patientLane, type AuditEntry, type AuditRecord, type Viewer } from '../domain/audit';
import { listAudit, type AuditFilter } from '../queries/audit';
import { recordAudit } from '../store/audit';
import { verifyAudit, type AuditVerification, type Seal } from '../store/audit-seals';
import type { Store } from '../store/database';
import { identifierKey } from '../transforms/fhir-bundle/references';
import { createKeyedHash } from './codec/keyed-hash';
import type { Config } from './config/schema';

export interface AuditQuery extends Omit<AuditFilter, 'patients'> {
  /** A patient's number, of Roche or of the hospital; `system|number` for that of one system only. */
  readonly patient?: string | undefined;
}

export interface AuditLog {
  /** Writes an event. Whoever shows something does so only after this has resolved. */
  record(entry: AuditEntry): Promise<void>;
  /** One page. */
  list(query: AuditQuery, viewer: Viewer): Promise<readonly AuditRecord[]>;
  /** All that fit, page by page. */
  all(query: AuditQuery, viewer: Viewer): AsyncGenerator<readonly AuditRecord[]>;
  /** Looks whether anything was changed or taken out. @param kept a seal that was kept elsewhere */
  verify(viewer: Viewer, kept?: Pick<Seal, 'number' | 'seal'>): Promise<AuditVerification>;
}

const PAGE = 1000;

/** Builds it on a store. */
export function createAuditLog(config: Config, store: Store): AuditLog {
  const hash = createKeyedHash(config.encryption.hashKey);

  const marksOf = (patient: string, organization: string | undefined): readonly string[] => {
    const organizations = organization === undefined ? Object.keys(config.organizations) : [organization];
    const bar = patient.lastIndexOf('|');
    return organizations.map((each) =>
      bar < 0
        ? numberMark(hash, each, patient)
        : patientLane(hash, each, identifierKey({ system: patient.slice(0, bar), value: patient.slice(bar + 1) })),
    );
  };
  const filterOf = ({ patient, ...rest }: AuditQuery): AuditFilter =>
    patient === undefined ? rest : { ...rest, patients: marksOf(patient, rest.organization) };

  const read = async (query: AuditQuery, viewer: Viewer): Promise<AuditFilter> => {
    const filter = filterOf(query);
    const { organization, kind, by, since, until } = filter;
    await recordAudit(store, {
      kind: 'audit-read',
      action: 'R',
      ...(organization === undefined ? {} : { organization }),
      ...viewer,
      ...(filter.patients === undefined ? {} : { patients: filter.patients }),
      details: {
        ...(kind === undefined ? {} : { kind }),
        ...(by === undefined ? {} : { 'asked-for': by }),
        ...(since === undefined ? {} : { since: since.toISOString() }),
        ...(until === undefined ? {} : { until: until.toISOString() }),
      },
    });
    return filter;
  };

  return {
    record: async (entry) => void (await recordAudit(store, entry)),
    list: async (query, viewer) => listAudit(store, await read(query, viewer)),
    all: async function* (query, viewer) {
      const filter = await read(query, viewer);
      for (let after: string | undefined; ;) {
        const page = await listAudit(store, { ...filter, limit: PAGE, ...(after === undefined ? {} : { after }) });
        if (page.length > 0) yield page;
        after = page.at(-1)?.id;
        if (page.length < PAGE) return;
      }
    },
    verify: async (viewer, kept) => {
      await recordAudit(store, { kind: 'audit-read', action: 'E', ...viewer, details: { what: 'verification' } });
      return verifyAudit(store, hash, kept);
    },
  };
}
