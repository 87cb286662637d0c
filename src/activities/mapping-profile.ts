/** The mapping profile of a destination, from the configuration and the site's own files. */
import type { DestinationConfig, OrganizationConfig } from '../runtime/config/schema';
import { ITEM_KINDS, type ItemKind } from '../transforms/model/item';
import type { CodeMapping, MappingProfile } from '../transforms/model/profile';

/** What the organization says, as far as the mapping needs it. */
export interface OrganizationProfile {
  /** IANA zone of times that come without an offset. */
  readonly timeZone: string;
  readonly identity: 'as-sent' | 'registry';
  /** With `registry`, a patient without an entry. Absent: `as-sent`. */
  readonly unknownPatient?: 'park' | 'as-sent' | undefined;
}

export function organizationProfile({ timeZone, patientIdentity }: OrganizationConfig): OrganizationProfile {
  return { timeZone, identity: patientIdentity.source, unknownPatient: patientIdentity.unknown };
}

export function mappingProfile(
  destination: DestinationConfig,
  { timeZone, identity, unknownPatient }: OrganizationProfile,
  codeMappings: readonly CodeMapping[],
): MappingProfile {
  const { mapping, hl7, unmapped, maxObservationsPerMessage } = destination;
  const taken: ReadonlySet<ItemKind> = new Set([...mapping.kinds, 'carried', 'summary'] as const);
  const form = formOf(destination);
  return {
    form,
    selection: {
      kinds: ITEM_KINDS.filter((kind) => taken.has(kind)),
      density: mapping.density,
      glucoseUnit: mapping.glucoseUnit,
      codeMappings,
      unmapped,
      timeZone,
      identity,
      unknownPatient,
      describeDevices: form !== 'hl7' || hl7.devices === 'describe',
    },
    hl7: { ...hl7, maxObservationsPerMessage },
    fhir: {
      ...('fhir' in destination ? destination.fhir : { upsert: 'conditional', maxEntriesPerBundle: 500 }),
      patientAssigningAuthority: hl7.patientAssigningAuthority,
    },
  };
}

function formOf(destination: DestinationConfig): MappingProfile['form'] {
  switch (destination.kind) {
    case 'mllp':
      return 'hl7';
    case 'fhir':
      return 'fhir';
    case 'http':
    case 'file':
      return destination.format;
  }
}
