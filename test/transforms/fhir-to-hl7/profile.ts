/** A profile and a context for the tests of the transforms. Changes are given flat: no test cares which part holds a key. */
import type { MapContext } from '../../../src/transforms/model/message';
import type { FhirProfile, Hl7Profile, MappingProfile, SelectionProfile } from '../../../src/transforms/model/profile';
import { ITEM_KINDS } from '../../../src/transforms/model/item';

export type ProfileChanges = Partial<Hl7Profile & SelectionProfile & FhirProfile & Pick<MappingProfile, 'form'>>;

const SELECTION: SelectionProfile = {
  kinds: ITEM_KINDS,
  density: {},
  glucoseUnit: 'as-sent',
  codeMappings: [],
  unmapped: 'report',
  timeZone: 'Europe/Berlin',
  identity: 'as-sent',
};

const HL7: Hl7Profile = {
  version: '2.5.1',
  sendingApplication: 'DUCTUS',
  sendingFacility: 'ROCHE',
  receivingApplication: 'EMR',
  receivingFacility: 'HOSPITAL',
  processingId: 'P',
  characterSet: 'UNICODE UTF-8',
  patientAssigningAuthority: '',
  patientIdentifierType: 'MR',
  grouping: 'panel',
  deletionStatus: 'D',
  insulin: 'oru',
  devices: 'reference',
  orderingProvider: '',
  maxObservationsPerMessage: 500,
};

const FHIR: FhirProfile = { upsert: 'conditional', maxEntriesPerBundle: 500 };

export function testProfile({ form = 'hl7', ...changes }: ProfileChanges = {}): MappingProfile {
  return {
    form,
    selection: { ...SELECTION, ...pick(SELECTION, changes) },
    hl7: { ...HL7, ...pick<Hl7Profile>({ ...HL7, visit: undefined }, changes) },
    fhir: { ...FHIR, ...pick(FHIR, changes) },
  };
}

/** The changes that belong to a part. */
function pick<T extends object>(known: T, changes: Partial<T>): Partial<T> {
  const picked: Partial<T> = { ...changes };
  for (const name in picked) if (!Object.hasOwn(known, name)) delete picked[name];
  return picked;
}

export function testContext(changes: Partial<MapContext> = {}): MapContext {
  return {
    createdAtMs: Date.UTC(2024, 2, 1, 9, 0, 0),
    seed: 'clinic|notification-1|emr',
    delivered: new Map(),
    leaveOut: new Set(),
    identities: new Map(),
    redelivery: false,
    ...changes,
  };
}
