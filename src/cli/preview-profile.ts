/** For whom a preview is made: a destination of the configuration, or Ductus' defaults. */
import { mappingProfile } from '../activities/mapping-profile';
import { DuctusError } from '../domain/errors';
import { createConfigSchema, type Config } from '../runtime/config/schema';
import { Secret } from '../runtime/config/secret';
import { loadSiteFiles } from '../runtime/site/site-files';
import type { MessageForm } from '../transforms/model/message';
import type { MappingProfile } from '../transforms/model/profile';
import type { SiteMapping } from '../transforms/model/site-mapping';

export interface PreviewProfile {
  readonly destination: string;
  readonly organization: string;
  readonly profile: MappingProfile;
  readonly site: SiteMapping | undefined;
  /** True where the messages would hold numbers of the registry, which a preview does not ask. */
  readonly hasOtherNumbers: boolean;
}

/** Zone of a preview without a configuration: times without an offset show that somebody has to say where they are from. */
const NO_ZONE = 'UTC';

/** The profile of a destination of the configuration. @throws DuctusError DUCTUS_CONFIG_INVALID, DUCTUS_REQUEST_INVALID */
export function configuredProfile(
  config: Config,
  wanted: { readonly destination?: string | undefined; readonly organization?: string | undefined },
): PreviewProfile {
  const organizations = Object.entries(config.organizations).filter(
    ([id, { destinations }]) =>
      (wanted.organization === undefined || id === wanted.organization) &&
      (wanted.destination === undefined || destinations.some((each) => each === wanted.destination)),
  );
  const [found, another] = organizations;
  if (found === undefined) throw refused('No organization of the configuration fits --organization and --destination.');
  if (another !== undefined) throw refused('Several organizations fit: name one with --organization.');
  const [organizationId, organization] = found;
  const destinationId = organization.destinations.find(
    (each) => wanted.destination === undefined || each === wanted.destination,
  );
  const destination = destinationId === undefined ? undefined : config.destinations[destinationId];
  if (destinationId === undefined || destination === undefined) throw refused('There is no such destination.');
  if (wanted.destination === undefined && organization.destinations.length > 1) {
    throw refused(`${organizationId} has several destinations: name one with --destination.`);
  }
  const { codeMappings, mapping } = loadSiteFiles({ destinations: { [destinationId]: destination } })(destinationId);
  const { timeZone, patientIdentity } = organization;
  return {
    destination: destinationId,
    organization: organizationId,
    profile: mappingProfile(destination, { timeZone, identity: 'as-sent' }, codeMappings),
    site: mapping,
    hasOtherNumbers: patientIdentity.source === 'registry',
  };
}

/** What Ductus does where nothing is configured. */
export function defaultProfile(form: MessageForm): PreviewProfile {
  const kinds = {
    hl7: { kind: 'mllp', host: 'localhost', port: 2575 },
    fhir: { kind: 'fhir', url: 'http://localhost/' },
    json: { kind: 'file', folder: '.', format: 'json' },
  } as const;
  const schema = createConfigSchema(() => new Secret('none'));
  const { destinations } = schema.parse({
    encryption: { currentKey: 'none', keys: { none: { env: 'NONE' } }, hashKey: { env: 'NONE' } },
    organizations: {},
    destinations: { preview: kinds[form] },
  });
  const [destination] = Object.values(destinations);
  if (destination === undefined) throw refused('There is no such destination.');
  return {
    destination: `defaults (${form})`,
    organization: `none (times without an offset are read as ${NO_ZONE})`,
    profile: mappingProfile(destination, { timeZone: NO_ZONE, identity: 'as-sent' }, []),
    site: undefined,
    hasOtherNumbers: false,
  };
}

function refused(message: string): DuctusError {
  return new DuctusError('DUCTUS_REQUEST_INVALID', message);
}
