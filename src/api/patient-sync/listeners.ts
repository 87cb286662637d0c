/** All MLLP listeners of the configuration, as one part that starts and stops. */
import { OrganizationIdSchema } from '../../domain/identifiers';
import type { Config } from '../../runtime/config/schema';
import { patientSyncSettings } from '../../transforms/adt-to-fhir';
import type { PatientSyncDoor } from './door';
import { startMllpListener, type MllpListener } from './mllp-listener';

export interface MllpListeners {
  readonly listeners: readonly MllpListener[];
  /** Takes no more connections, lets running messages have their answers, and closes. */
  close(): Promise<void>;
}

/**
 * Starts them.
 * @throws DuctusError or Error when one cannot be started; then none listens
 */
export async function startMllpListeners(config: Config, door: PatientSyncDoor): Promise<MllpListeners> {
  const listeners: MllpListener[] = [];
  const close = async (): Promise<void> => void (await Promise.all(listeners.map((each) => each.close())));
  try {
    for (const [id, { patientSync, timeZone }] of Object.entries(config.organizations)) {
      if (patientSync === undefined) continue;
      const his = {
        organization: OrganizationIdSchema.parse(id),
        settings: patientSyncSettings(patientSync, timeZone),
      };
      for (const each of patientSync.mllp) listeners.push(await startMllpListener(each, his, door));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { listeners, close };
}
