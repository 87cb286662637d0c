/**
 * The ten problems of the night, and by what each is known to be repaired: what the EMRs have, what Roche has heard, and
 * what runs. What the operator says or believes plays no part.
 */
import { ST_MARIEN } from '../organizations';
import type { NightHospital } from './hospital';
import type { NightFiles } from './prepare';

export interface NightProblem {
  /** For people, shown when the night is over. */
  readonly name: string;
  /** How it can be found and repaired; the same. */
  readonly solution: string;
  isRepaired(night: NightHospital, files: NightFiles): boolean | Promise<boolean>;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Below this the alert on certificates stays. */
const CERTIFICATE_DAYS = 30;

/** Whether the EMR has all of some files and Roche has heard of it. */
function isDone(night: NightHospital, messageIds: readonly string[]): boolean {
  return messageIds.every((id) => night.hasDelivered(id) && night.isAcknowledged(id));
}

/** Whether St. Anna has the first readings as Roche shared them. */
export function isUnitRight(night: NightHospital, { wrongUnit }: NightFiles): boolean {
  return isDone(night, wrongUnit);
}

export const NIGHT_PROBLEMS: readonly NightProblem[] = [
  {
    name: 'the worker was killed',
    solution: '`ductus doctor --problems`: no worker takes work. Have it started.',
    isRepaired: (night) => night.services.get('worker')?.runs === true,
  },
  {
    name: 'the EMR of St. Marien is down',
    solution: '`ductus destinations list`: paused. Have the EMR started; it goes on by itself, or at once by `resume`.',
    isRepaired: (night, { emrDown }) => isDone(night, emrDown),
  },
  {
    name: 'the destination of St. Anna was held and forgotten',
    solution:
      '`ductus destinations list`: held for an upgrade that is long over; the team of the EMR says so. `resume`.',
    isRepaired: (night, { held }) => held.every((id) => night.isAcknowledged(id)),
  },
  {
    name: 'the EMR of St. Anna stored a message and never answered',
    solution: '`ductus parked show`: DUCTUS_EMR_AMBIGUOUS. The EMR has the MSH-10, so `skip`: it treats it as arrived.',
    isRepaired: (night, { ambiguous }) => ambiguous.every((id) => night.isAcknowledged(id)),
  },
  {
    name: 'Roche sent a file that is no bundle',
    solution: '`ductus parked list`: DUCTUS_BUNDLE_INVALID. Roche says that it was a test: `discard`.',
    isRepaired: (night, { garbage }) => garbage.every((id) => night.isAcknowledged(id)),
  },
  {
    name: 'a patient of St. Marien is not in the cross-reference',
    solution: 'DUCTUS_PATIENT_UNKNOWN: get the list, `ductus patients import`, then `retry --from transform`.',
    isRepaired: (night, { unknownPatient }) => isDone(night, unknownPatient),
  },
  {
    name: 'Roche changed the client secret of St. Anna',
    solution: '`ductus doctor`, DUCTUS_ROCHE_UNAUTHORIZED: set the new secret, restart the worker, `retry`.',
    isRepaired: (night, { secretRefused }) => secretRefused.every((id) => night.isAcknowledged(id)),
  },
  {
    name: 'the client certificate of St. Marien ends within a week',
    solution: '`ductus doctor`: renew it where the finding says, restart.',
    isRepaired: async (night: NightHospital): Promise<boolean> => {
      const ends = certificateEnd(await night.metrics('worker'), `organizations.${ST_MARIEN.id}.roche.tls.cert`);
      return ends !== undefined && ends > Date.now() + CERTIFICATE_DAYS * DAY_MS;
    },
  },
  {
    name: 'an encryption key was taken out while work needed it',
    solution: '`ductus keys list`: missing. Put it back into `encryption.keys`, restart; the work goes on by itself.',
    isRepaired: (night, { keyMissing }) => isDone(night, keyMissing),
  },
  {
    name: 'St. Anna gets glucose in the wrong unit',
    solution:
      'Its people say so, and `trace --lineage` shows it. Correct the mapping, restart, `redeliver --diff`, `--approve`.',
    isRepaired: isUnitRight,
  },
];

/** When a certificate ends that a running process uses. */
function certificateEnd(metrics: string | undefined, key: string): number | undefined {
  const line = metrics
    ?.split('\n')
    .find((each) => each.startsWith('ductus_certificate_not_after_timestamp_seconds{') && each.includes(`"${key}"`));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1)) * 1000;
}
