/** The golden cases: which profile and delivery state go with which bundle. What each field is for stands in README.md. */
import type { ProfileChanges } from '../profile';
import type { MapContext } from '../../../../src/transforms/model/message';

export interface GoldenCase {
  readonly name: string;
  /** Name of the bundle, when several cases have the same. */
  readonly input?: string;
  readonly profile?: ProfileChanges;
  readonly context?: Partial<MapContext>;
}

const EARLIER_DOSE = { delivered: new Map([['MedicationAdministration/syringe', 'earlier']] as const) };

export const GOLDEN_CASES: readonly GoldenCase[] = [
  { name: 'meter' },
  { name: 'manual-entry' },
  {
    name: 'edits',
    context: {
      delivered: new Map([
        ['Observation/corrected', 'earlier'],
        ['Observation/deleted', 'earlier'],
        ['Observation/deleted-without-value', 'earlier'],
        ['Observation/unchanged', 'current'],
        ['Observation/outdated', 'newer'],
      ]),
      leaveOut: new Set(['Observation/skipped']),
    },
  },
  { name: 'clock-changes' },
  { name: 'numbers' },
  { name: 'carried', profile: { unmapped: 'carry' } },
  { name: 'two-patients', profile: { maxObservationsPerMessage: 2, patientAssigningAuthority: 'HIS&2.999.1&ISO' } },
  { name: 'r4-by-observation', profile: { grouping: 'observation', sendingApplication: 'DUCTUS^2.999.7^ISO' } },
  { name: 'hostile-text', profile: { characterSet: '8859/15' } },
  { name: 'day', context: EARLIER_DOSE },
  { name: 'day-ras', input: 'day', profile: { insulin: 'ras', devices: 'describe' }, context: EARLIER_DOSE },
  { name: 'day-pcd-01', input: 'day', profile: { version: 'pcd-01', devices: 'describe' }, context: EARLIER_DOSE },
];
