/** The golden cases of the FHIR and JSON forms: which profile and delivery state go with which file. */
import type { MapContext } from '../../../../src/transforms/model/message';
import type { ProfileChanges } from '../../fhir-to-hl7/profile';

export interface GoldenCase {
  readonly name: string;
  /** A CDA document instead of a bundle. */
  readonly isReport?: boolean;
  readonly profile?: ProfileChanges;
  readonly context?: Partial<MapContext>;
}

export const GOLDEN_CASES: readonly GoldenCase[] = [
  { name: 'meter' },
  { name: 'insulin' },
  {
    name: 'edits',
    profile: {
      upsert: 'id',
      glucoseUnit: 'mmol/L',
      identity: 'registry',
      codeMappings: [
        {
          from: { system: 'http://loinc.org', code: '14743-9' },
          to: { system: '99LAB', code: 'GLU', display: 'Glucose' },
        },
      ],
    },
    context: {
      delivered: new Map([
        ['Observation/corrected', 'earlier'],
        ['Observation/deleted', 'earlier'],
        ['MedicationAdministration/withdrawn', 'earlier'],
      ]),
      identities: new Map([
        [
          'urn:oid:1.3.6.1.4.1.56221.2.2|4711',
          { value: 'MRN-7', assigningAuthority: 'HIS&2.999.1&ISO', identifierType: 'MR' },
        ],
      ]),
    },
  },
  { name: 'r4' },
  { name: 'carried', profile: { unmapped: 'carry' } },
  { name: 'report', isReport: true },
];
