/** The golden cases: which profile and delivery state go with which bundle. What each field is for stands in README.md. */
import type { Hl7Profile, OruContext } from '../../../../src/transforms/fhir-to-hl7';

export interface GoldenCase {
  readonly name: string;
  readonly profile?: Partial<Hl7Profile>;
  readonly context?: Partial<OruContext>;
}

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
];
