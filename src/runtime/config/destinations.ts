/** The destinations of a configuration: those of data sharing, and Roche's patient services of each organization that uses them. */
import type { DestinationId } from '../../domain/identifiers';
import { OrganizationIdSchema, type OrganizationId } from '../../domain/identifiers';
import { ROCHE_DESTINATION_PREFIX, rocheDestination } from '../../domain/workflow-ids';
import type { Config } from './schema';

/** All that can be paused, held and drained. */
export function allDestinations(config: Config): readonly string[] {
  const roche = Object.entries(config.organizations)
    .filter(([, { patientSync }]) => patientSync !== undefined)
    .map(([id]) => rocheDestination(OrganizationIdSchema.parse(id)));
  return [...Object.keys(config.destinations), ...roche];
}

/** @returns the organization whose patient services a destination is; undefined for one of data sharing */
export function organizationOfRoche(destination: DestinationId): OrganizationId | undefined {
  return destination.startsWith(ROCHE_DESTINATION_PREFIX)
    ? OrganizationIdSchema.parse(destination.slice(ROCHE_DESTINATION_PREFIX.length))
    : undefined;
}
