/**
 * `ductus redeliver …`: delivered files again after a fix of the mapping. First the difference, for a person to sign off;
 * then, with its digest, the redelivery.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import type { Viewer } from '../domain/audit';
import { DuctusError } from '../domain/errors';
import {
  NotificationIdSchema,
  OrganizationIdSchema,
  type NotificationId,
  type OrganizationId,
} from '../domain/identifiers';
import type { RedeliveryState } from '../domain/redelivery';
import type { Operations } from '../runtime/operations';
import { byOption, viewerHere, withOperations, type GlobalOptions } from './context';
import { differenceText } from './redeliver-text';
import { parseTime } from './times';

interface RedeliverOptions {
  readonly diff?: boolean;
  readonly approve?: string;
  readonly destination?: string;
  readonly organization?: OrganizationId;
  readonly since?: Date;
  readonly until?: Date;
  readonly notification?: readonly NotificationId[];
  readonly all?: boolean;
  readonly by: string;
  readonly reason?: string;
}

/** Waits of somebody who looks at a terminal. */
const LOOK_AGAIN_MS = 500;

function parseOrganization(text: string): OrganizationId {
  const id = OrganizationIdSchema.safeParse(text);
  if (!id.success) throw new InvalidArgumentError('use the key of the organization in the configuration');
  return id.data;
}

function parseNotification(text: string, before: readonly NotificationId[] | undefined): readonly NotificationId[] {
  const id = NotificationIdSchema.safeParse(text);
  if (!id.success) throw new InvalidArgumentError('use the id of a notification');
  return [...(before ?? []), id.data];
}

/** Builds the command. @param globals options of the program, read when the command runs */
export function redeliverCommand(globals: () => GlobalOptions): Command {
  return new Command('redeliver')
    .description('send delivered files again after a fix of the mapping, as corrections')
    .option('--diff', 'show what would change at the destination; nothing is sent')
    .option('--approve <digest>', 'sign a difference off and send it; what would be sent must still be the same')
    .option('--destination <id>', 'the one destination that gets it')
    .option('--organization <id>', 'only this organization', parseOrganization)
    .option('--since <time>', 'only what was delivered since: 30m, 12h, 3d, or a time', parseTime)
    .option('--until <time>', 'only what was delivered before', parseTime)
    .option('--notification <id>', 'only this notification; can be given again', parseNotification)
    .option('--all', 'also what has no difference')
    .addOption(byOption('who signs off'))
    .option('--reason <text>', 'why; it is kept')
    .addHelpText(
      'after',
      `
Examples:
  ductus redeliver --diff --destination emr-main --since 3d
  ductus redeliver --approve 5f2c9a1be0d47c38 --by "A. Weber" --reason "LOINC code of CGM corrected in 1.4.2"

The difference shows values of patients. \`--json\` gives it to a file: ductus --json redeliver --diff … > difference.json`,
    )
    .action(async (options: RedeliverOptions) => {
      if ((options.diff === true) === (options.approve !== undefined)) {
        throw new DuctusError(
          'DUCTUS_REQUEST_INVALID',
          'Give --diff to compare, or --approve with the digest of a difference.',
        );
      }
      await withOperations(globals(), (operations) =>
        options.approve === undefined
          ? showDifference(operations, options, globals())
          : approve(operations, options.approve, options, globals()),
      );
    });
}

async function showDifference(
  { redelivery }: Operations,
  options: RedeliverOptions,
  globals: GlobalOptions,
): Promise<void> {
  const { destination, organization, since, until, notification, all } = options;
  if (destination === undefined)
    throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Name the destination: --destination <id>.');
  const name = await redelivery.compare({
    destination,
    ...(organization === undefined ? {} : { organization }),
    ...(since === undefined ? {} : { since: since.toISOString() }),
    ...(until === undefined ? {} : { until: until.toISOString() }),
    ...(notification === undefined ? {} : { notifications: notification }),
    all: all === true,
  });
  const state = await ended(redelivery, name, viewerHere(options.by));
  if (state.status !== 'compared') throw new DuctusError('DUCTUS_INTERNAL', 'The comparison came to no end.');
  const { report, digest } = state;
  console.log(
    globals.json === true
      ? JSON.stringify({ ...(digest === undefined ? {} : { digest }), ...report })
      : differenceText(report, digest),
  );
}

async function approve(
  { redelivery }: Operations,
  digest: string,
  { by, reason, ...rest }: RedeliverOptions,
  globals: GlobalOptions,
): Promise<void> {
  if (reason === undefined || reason === '')
    throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Say why: --reason <text>.');
  const named = [rest.destination, rest.organization, rest.since, rest.until, rest.notification, rest.all];
  if (named.some((each) => each !== undefined)) {
    throw new DuctusError(
      'DUCTUS_REQUEST_INVALID',
      'The digest stands for what was compared: give no other selection with --approve.',
    );
  }
  const state = await ended(redelivery, await redelivery.approve({ digest, by, reason }), viewerHere(by));
  if (state.status === 'changed') {
    throw new DuctusError(
      'DUCTUS_REDELIVERY_CHANGED',
      `Nothing was sent: what would be sent now ${state.digest === undefined ? 'is nothing' : `has the digest ${state.digest}`}, not ${digest}.`,
    );
  }
  if (state.status !== 'approved') throw new DuctusError('DUCTUS_INTERNAL', 'The sign-off came to no end.');
  console.log(
    globals.json === true
      ? JSON.stringify(state)
      : `Signed off by ${state.by}: ${String(state.files)} files are being sent again. What stops is in \`ductus parked list\`; a new --diff shows what is left.`,
  );
}

/** Waits for the end, and says how far it is where a person looks on. */
async function ended(
  redelivery: Operations['redelivery'],
  name: string,
  viewer: Viewer,
): Promise<Exclude<RedeliveryState, { readonly status: 'running' | 'failed' }>> {
  const shows = process.stderr.isTTY;
  for (;;) {
    const state = await redelivery.state(name, viewer);
    if (state === undefined) throw new DuctusError('DUCTUS_NOT_FOUND', 'The comparison is gone.');
    if (state.status === 'failed') throw new DuctusError('DUCTUS_INTERNAL', state.message);
    if (state.status !== 'running') {
      if (shows) process.stderr.write('\r\x1b[K');
      return state;
    }
    if (shows) process.stderr.write(`\r\x1b[K${String(state.done)} of ${String(state.files)} files compared`);
    await sleep(LOOK_AGAIN_MS);
  }
}
