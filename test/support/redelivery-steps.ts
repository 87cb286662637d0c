/** Steps of tests about redelivery: a mapping that is fixed by a restart, the difference, the sign-off. */
import { z } from 'zod';
import type { DataSharingResult } from '../../src/domain/data-sharing';
import { NotificationIdSchema } from '../../src/domain/identifiers';
import type { RedeliveryState } from '../../src/domain/redelivery';
import { createOperations } from '../../src/runtime/operations';
import { serve } from '../../src/runtime/serve';
import { openStore } from '../../src/store/database';
import { SECRETS, testConfig } from './config';
import { EMR_OID, type Hospital, type World } from './ductus';
import { WAIT_MS } from './hospital-steps';
import { until } from './until';

const Destinations = z.looseObject({ destinations: z.record(z.string(), z.looseObject({})) });

/** Keys of the destination that differ after the "fix". */
type Fix = object;
export const authority = (name: string): Fix => ({ hl7: { patientAssigningAuthority: name } });

/** Starts Ductus again with another configuration of the destination. */
/** @param more keys of the configuration beside the destination */
export async function restartWith(world: World, hospital: Hospital, fix: Fix, more: object = {}): Promise<void> {
  await hospital.ductus.stop();
  const config = testConfig({ ...inputWith(hospital, fix), ...more }, hospital.secrets);
  hospital.ductus = await serve(config, 'all', hospital.logger, { workflows: world.workflows });
  hospital.roche.setCallback(EMR_OID, {
    url: `${hospital.url}/roche/notifications`,
    username: 'roche-client',
    password: SECRETS['PASSWORD'] ?? '',
  });
}

/** The configuration as a file has it. */
export function inputWith(hospital: Hospital, fix: Fix): object {
  const { destinations } = Destinations.parse(hospital.configInput);
  return {
    ...hospital.configInput,
    destinations: { ...destinations, [hospital.destination]: { ...destinations[hospital.destination], ...fix } },
  };
}

/** What an operator at the command line does, without a process of its own. */
export async function at<T>(
  hospital: Hospital,
  run: (operations: ReturnType<typeof createOperations>['redelivery']) => Promise<T>,
): Promise<T> {
  const store = openStore({ url: hospital.storeUrl, poolSize: 1 });
  try {
    return await run(createOperations(hospital.config, store, hospital.client).redelivery);
  } finally {
    await store.destroy();
  }
}

export type Ended = Exclude<RedeliveryState, { readonly status: 'running' }>;

async function ended(hospital: Hospital, name: string): Promise<Ended> {
  return until(
    async () => {
      const state = await at(hospital, (operations) => operations.state(name, { by: 'a.weber' }));
      return state === undefined || state.status === 'running' ? undefined : state;
    },
    WAIT_MS,
    'the end of a comparison',
  );
}

interface Selection {
  readonly destination?: string;
  readonly all?: boolean;
  readonly notifications?: readonly string[];
}

export async function difference(hospital: Hospital, selection: Selection = {}) {
  const { notifications } = selection;
  const name = await at(hospital, (operations) =>
    operations.compare({
      destination: selection.destination ?? hospital.destination,
      all: selection.all ?? false,
      ...(notifications === undefined
        ? {}
        : { notifications: notifications.map((id) => NotificationIdSchema.parse(id)) }),
    }),
  );
  const state = await ended(hospital, name);
  if (state.status !== 'compared') throw new Error(`it is ${JSON.stringify(state)}`);
  return state;
}

export async function signOff(hospital: Hospital, digest: string | undefined): Promise<Ended> {
  if (digest === undefined) throw new Error('there is nothing to sign off');
  return ended(
    hospital,
    await at(hospital, (operations) => operations.approve({ digest, by: 'a.weber', reason: 'authority corrected' })),
  );
}

export const redeliveryId = (hospital: Hospital, messageId: string, digest: string | undefined): string =>
  `redelivery/${hospital.organizationId}/${messageId}/${digest?.slice(0, 12) ?? ''}`;

export function redelivered(
  hospital: Hospital,
  messageId: string,
  digest: string | undefined,
): Promise<DataSharingResult> {
  return hospital.client.workflow
    .getHandle<() => Promise<DataSharingResult>>(redeliveryId(hospital, messageId, digest))
    .result();
}
