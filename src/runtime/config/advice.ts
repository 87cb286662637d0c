/**
 * What a configuration says that can be read, and is still not meant so: found by looking at several keys together, or at
 * the folders of this machine. `ductus config check` says it; a worker starts all the same.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { authoritySystem } from '../../transforms/stu3-to-r4/identity';
import type { Config, DestinationConfig, OrganizationConfig } from './schema';

/** Whoever has this in the name of the Roche API's host gets data of made-up patients (`rochedcplatform-sandbox.com`). */
const SANDBOX = /sandbox/i;

/** One line for each thing: the key, what will happen, and what to do. */
export function adviceOn(config: Config): readonly string[] {
  return Object.entries(config.destinations).flatMap(([id, destination]) => {
    const senders = Object.entries(config.organizations).filter(([, { destinations }]) =>
      destinations.some((name) => name === id),
    );
    const advice = isFhir(destination) ? onFhir(destination, senders) : onHl7(destination, senders);
    return advice.map(([key, text]) => `destinations.${id}.hl7.${key}: ${text}`);
  });
}

/** Folders of file destinations that cannot be used, one line each. */
export function folderProblems({ destinations }: Config): readonly string[] {
  return Object.entries(destinations).flatMap(([id, destination]) => {
    if (destination.kind !== 'file') return [];
    const why = whyNotWritable(destination.folder);
    return why === undefined ? [] : [`destinations.${id}.folder: ${destination.folder} ${why}`];
  });
}

type Senders = readonly (readonly [id: string, organization: OrganizationConfig])[];
type Line = readonly [key: string, text: string];

function onFhir({ hl7 }: DestinationConfig, senders: Senders): Line[] {
  if (authoritySystem(hl7.patientAssigningAuthority) !== '') return [];
  return fromRegistry(senders).map((name) => [
    'patientAssigningAuthority',
    `has no universal id, and ${name} sends the hospital's own numbers: the FHIR server would take them for other patients than those it has. Set \`NAME&universal id&ISO\`, or give each entry of the cross-reference one.`,
  ]);
}

function onHl7(destination: DestinationConfig, senders: Senders): Line[] {
  if ('format' in destination && destination.format !== 'hl7') return [];
  const { patientAssigningAuthority, processingId } = destination.hl7;
  const advice: Line[] = [];
  if (patientAssigningAuthority === '') {
    for (const name of fromRegistry(senders)) {
      advice.push([
        'patientAssigningAuthority',
        `is empty, and ${name} sends the hospital's own numbers: PID-3.4 stays empty, and the EMR cannot tell whose numbers they are. Set it, or give each entry of the cross-reference one.`,
      ]);
    }
  }
  if (processingId === 'P') {
    for (const [name, { roche }] of senders) {
      if (!SANDBOX.test(new URL(roche.servicesUrl).hostname)) continue;
      advice.push([
        'processingId',
        `is P (production), and ${name} gets made-up patients from a sandbox of Roche. Set \`processingId: T\`.`,
      ]);
    }
  }
  return advice;
}

function fromRegistry(senders: Senders): readonly string[] {
  return senders.flatMap(([id, { patientIdentity }]) => (patientIdentity.source === 'registry' ? [id] : []));
}

function isFhir(destination: DestinationConfig): boolean {
  return destination.kind === 'fhir' || (destination.kind === 'file' && destination.format === 'fhir');
}

function whyNotWritable(folder: string): string | undefined {
  try {
    if (!statSync(folder).isDirectory()) return 'is no folder';
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' ? 'does not exist on this machine' : 'cannot be read and written by this user';
  }
}
