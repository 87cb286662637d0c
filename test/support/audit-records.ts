/** One audit record of each kind, as they come from the table. */
import { AUDIT_KINDS, type AuditKind, type AuditRecord } from '../../src/domain/audit';

const MARKS = ['AAAAAAAAAAAAAAAAAAAAAA', '=BBBBBBBBBBBBBBBBBBBBBB', '=CCCCCCCCCCCCCCCCCCCCCC'];
const ORIGIN = { via: 'http', address: '192.0.2.7' } as const;

type Parts = Omit<AuditRecord, 'id' | 'at' | 'kind' | 'by'> & { readonly by?: string };

const PARTS: Readonly<Record<AuditKind, Parts>> = {
  delivery: {
    action: 'R',
    outcome: 0,
    by: 'ductus',
    organization: 'st-marien',
    destination: 'emr-main',
    work: 'data-sharing/st-marien/0f3c',
    controlId: '0A1B2C3D4E5F60718293',
    patients: MARKS,
    details: { attempt: 1, resources: 12 },
  },
  repair: {
    action: 'E',
    outcome: 0,
    organization: 'st-marien',
    work: 'data-sharing/st-marien/0f3c',
    patients: MARKS,
    details: { decision: 'skip', reason: 'wrong unit, hospital informed', resources: 1 },
  },
  'destination-order': {
    action: 'E',
    outcome: 0,
    destination: 'emr-main',
    details: { order: 'hold', reason: 'EMR upgrade' },
  },
  'redelivery-approval': {
    action: 'E',
    outcome: 0,
    destination: 'emr-main',
    details: { digest: '5f2c9a1be0d47c38', plan: 'emr-main/1', reason: 'code corrected' },
  },
  'patients-change': {
    action: 'C',
    outcome: 0,
    organization: 'st-marien',
    origin: { via: 'cli', address: 'desk-7' },
    patients: [...MARKS, 'DDDDDDDDDDDDDDDDDDDDDD', '=EEEEEEEEEEEEEEEEEEEEEE'],
    details: { change: 'patients-import', reason: 'first import', added: 2, replaced: 0, unchanged: 0 },
  },
  'patients-read': {
    action: 'R',
    outcome: 0,
    organization: 'st-marien',
    origin: ORIGIN,
    patients: MARKS,
    details: { shown: 1 },
  },
  'difference-read': {
    action: 'R',
    outcome: 0,
    destination: 'emr-main',
    work: 'redelivery-plan/x',
    origin: ORIGIN,
    patients: MARKS,
    details: { files: 3 },
  },
  'payload-read': {
    action: 'R',
    outcome: 0,
    work: 'data-sharing/st-marien/0f3c',
    origin: { via: 'web-ui', address: '2001:db8::7' },
    details: { namespace: 'default' },
  },
  'audit-read': { action: 'R', outcome: 0, origin: ORIGIN },
  'sign-in-failure': {
    action: 'E',
    outcome: 4,
    by: 'unknown',
    origin: ORIGIN,
    details: { code: 'DUCTUS_UNAUTHENTICATED', route: 'GET /operations/parked' },
  },
  'access-refused': {
    action: 'E',
    outcome: 4,
    origin: ORIGIN,
    details: { code: 'DUCTUS_FORBIDDEN', route: 'GET /operations/audit' },
  },
};

export const AUDIT_RECORDS: readonly AuditRecord[] = [
  ...AUDIT_KINDS.map((kind, index) => ({ by: 'a.weber', ...PARTS[kind], ...named(index), kind })),
  // Refused by the destination, and by whom no name is known.
  {
    by: 'ductus',
    ...PARTS.delivery,
    ...named(90),
    kind: 'delivery',
    outcome: 8,
    details: { code: 'DUCTUS_EMR_REJECTED', attempt: 2 },
  },
  { ...named(91), kind: 'repair', action: 'E', outcome: 0, by: 'a.weber' },
];

function named(index: number): { readonly id: string; readonly at: Date } {
  return { id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`, at: new Date(1_795_000_000_000 + index) };
}
