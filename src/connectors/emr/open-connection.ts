/** Opens the way to a destination by its configuration. Nothing is connected before the first message. */
import type { DestinationConfig } from '../../runtime/config/schema';
import type { EmrConnection } from './connection';
import { FhirDestination } from './fhir-destination';
import { FileDestination } from './file-destination';
import { HttpDestination } from './http-destination';
import { MllpDestination } from './mllp-destination';

export function openConnection(config: DestinationConfig): EmrConnection {
  switch (config.kind) {
    case 'mllp':
      return new MllpDestination(config);
    case 'http':
      return new HttpDestination(config);
    case 'fhir':
      return new FhirDestination(config);
    case 'file':
      return new FileDestination(config);
  }
}
