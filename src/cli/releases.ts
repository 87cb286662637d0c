/** `ductus releases …`: which release of the workers takes new work (temporal.worker.versioning). */
import { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { DuctusError } from '../domain/errors';
import type { Config } from '../runtime/config/schema';
import { listReleases, makeCurrent } from '../runtime/temporal/deployments';
import { byOption, withReachable, type GlobalOptions } from './context';
import { table } from './output';

interface Parts {
  readonly client: Client;
  readonly namespace: string;
  readonly deployment: string;
}

/** Builds the command. @param globals options of the program, read when the command runs */
export function releasesCommand(globals: () => GlobalOptions): Command {
  const releases = new Command('releases').description('releases of the workers, where worker versioning is on');
  const run = <T>(task: (parts: Parts) => Promise<T>): Promise<T> =>
    withReachable(globals(), ({ config, client }) => {
      if (client === undefined) throw new DuctusError('DUCTUS_TEMPORAL_UNAVAILABLE', 'No Temporal server runs here.');
      return task({ client, namespace: config.temporal.namespace, deployment: deploymentOf(config) });
    });

  releases
    .command('list')
    .description('list the releases that workers have named, and which still have work')
    .addHelpText('after', '\nExample:\n  ductus releases list')
    .action(async () => {
      const found = await run(({ client, namespace, deployment }) => listReleases(client, namespace, deployment));
      if (globals().json === true) for (const each of found) console.log(JSON.stringify(each));
      else {
        const rows = found.map(({ buildId, state, since }) => [buildId, state, since ?? '-']);
        console.log(table(['RELEASE', 'STATE', 'SINCE'], rows, 'No worker has named a release yet.'));
      }
    });

  releases
    .command('current')
    .description('let a release take all new work; what runs ends on the release on which it started')
    .argument('<build-id>', '`temporal.worker.versioning.buildId` of the workers that are to take it')
    .addOption(byOption('who orders it'))
    .addHelpText('after', '\nExample:\n  ductus releases current 1.4.2')
    .action(async (buildId: string, { by }: { readonly by: string }) => {
      await run(({ client, namespace, deployment }) => makeCurrent(client, namespace, deployment, buildId, by));
      console.log(
        globals().json === true ? JSON.stringify({ buildId, state: 'current' }) : `${buildId} takes new work.`,
      );
    });

  return releases;
}

function deploymentOf({ temporal }: Config): string {
  const { versioning } = temporal.worker;
  if (versioning === undefined) {
    throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Worker versioning is off: set temporal.worker.versioning.');
  }
  return versioning.deployment;
}
