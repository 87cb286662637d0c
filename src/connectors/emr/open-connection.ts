/** Opens the way to a destination by its configuration. Nothing is connected before the first message. */
import { DuctusError } from '../../domain/errors';
import type { DestinationConfig } from '../../runtime/config/schema';
import type { EmrConnection } from './connection';
import { MllpDestination } from './mllp-destination';

export function openConnection(config: DestinationConfig): EmrConnection {
  switch (config.kind) {
    case 'mllp':
      return new MllpDestination(config);
    default:
      throw new DuctusError('DUCTUS_INTERNAL', `Destinations of kind ${config.kind} are not there yet.`);
  }
}
