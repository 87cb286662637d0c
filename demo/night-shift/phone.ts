/**
 * The people whom an operator can call at night, and what they do when they are asked. Each answers about their own
 * side only, in the same way whether something is wrong there or not.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DemoEmr } from '../emr';
import { ORGANIZATIONS, ST_ANNA, ST_MARIEN, type DemoOrganization } from '../organizations';
import type { NightHospital } from './hospital';
import { patientList, type NightFiles } from './prepare';
import { isUnitRight } from './problems';
import { ROLES, type ServiceRole } from './service';

/** Who is called, what is asked, and about what. */
export type Call = readonly [who: string, request: string, about: string];

interface Entry {
  readonly who: string;
  readonly request: string;
  /** As in the list: `<organization>` is any, `api|worker` one of them. */
  readonly about?: string;
  readonly what: string;
  answer(night: NightHospital, about: string, files: NightFiles): string | Promise<string>;
}

const emr = (who: string, { id }: DemoOrganization, of: (night: NightHospital) => DemoEmr): readonly Entry[] => [
  {
    who,
    request: 'ask',
    what: `the team of ${id}'s EMR interface: does it run, and what came last`,
    answer: (night) => emrState(of(night)),
  },
  {
    who,
    request: 'find',
    about: '<MSH-10>',
    what: 'whether the EMR has stored a message',
    answer: async (night, controlId) => {
      if (!of(night).runs) return 'We cannot look: the interface does not run.';
      const found = (await of(night).simulator.frames()).filter((one) => one.controlId === controlId && one.accepted);
      return found.length === 0
        ? `${controlId} is not in the EMR.`
        : `${controlId} is in the EMR, with all of its values.`;
    },
  },
  {
    who,
    request: 'restart',
    what: 'they restart the interface',
    answer: async (night) => {
      await of(night).stop();
      await of(night).startAgain();
      return 'The interface has been restarted. It takes connections.';
    },
  },
];

const ENTRIES: readonly Entry[] = [
  {
    who: 'roche',
    request: 'ask',
    what: 'what Roche sees of you',
    answer: (night) =>
      ORGANIZATIONS.map(({ id, emrOid }) => {
        const all = night.roche.stats().notifications.filter((one) => one.emrOid === emrOid);
        const open = all.filter((one) => one.acks.length === 0).length;
        return `${id}: ${String(all.length)} notifications, ${String(open)} not acknowledged.`;
      }).join('\n'),
  },
  {
    who: 'roche',
    request: 'file',
    about: '<object key>',
    what: 'what a file in S3 is meant to be',
    answer: (night, key, { garbage }) => {
      const file = night.roche.stats().notifications.find((one) => one.objectKey === key);
      if (file === undefined) return 'We have no file of that key.';
      return garbage.includes(file.messageId)
        ? 'That was a test of ours which should never have gone to you. Nothing of it is to be delivered.'
        : 'That is data of a patient, and as it should be.';
    },
  },
  {
    who: 'roche',
    request: 'secret',
    about: '<organization>',
    what: 'the client secret that Roche takes for an organization',
    answer: (night, id) => {
      const secret = night.clientSecrets.get(id);
      return secret === undefined ? unknown(id) : handOver(night, { [`${id}-client-secret`]: `${secret}\n` });
    },
  },
  ...emr('emr-main', ST_MARIEN, ({ emrs }) => emrs.main),
  ...emr('emr-anna', ST_ANNA, ({ emrs }) => emrs.anna),
  ...ORGANIZATIONS.map(({ id }) => ({
    who: 'ward',
    request: 'ask',
    about: id,
    what: 'how the data looks to those who work with it',
    answer: (night: NightHospital, _about: string, files: NightFiles) => wardAnswer(night, id, files),
  })),
  {
    who: 'patients',
    request: 'list',
    about: ST_MARIEN.id,
    what: "patient administration: all of the hospital's numbers, as a CSV file",
    answer: (night) => handOver(night, { [`${ST_MARIEN.id}-patients.csv`]: patientList(true) }),
  },
  {
    who: 'security',
    request: 'certificate',
    about: '<organization>',
    what: 'a new client certificate for Roche, with its key',
    answer: (night, id) => {
      if (!ORGANIZATIONS.some((one) => one.id === id)) return unknown(id);
      const { cert, key } = night.certificates.ductusClient;
      return handOver(night, { [`${id}-client.pem`]: cert, [`${id}-client-key.pem`]: key });
    },
  },
  {
    who: 'security',
    request: 'key',
    about: '<id>',
    what: 'an encryption key from the safe',
    answer: (night, id) => {
      const key = night.safe.get(id);
      return key === undefined ? 'The safe has no key of that name.' : handOver(night, { [`key-${id}`]: `${key}\n` });
    },
  },
  {
    who: 'platform',
    request: 'ask',
    what: 'which processes of Ductus run',
    answer: (night) => ROLES.map((role) => `${role}: ${processState(night, role)}`).join('\n'),
  },
  {
    who: 'platform',
    request: 'restart',
    about: ROLES.join('|'),
    what: 'they start a process of Ductus, or start it again, with ductus.yaml as it is then',
    answer: async (night, about) => {
      const role = ROLES.find((each) => each === about);
      if (role === undefined) return `There is no process "${about}": ${ROLES.join(', ')}.`;
      const { pid } = await night.restart(role);
      return `The ${role} runs, as process ${String(pid)}.`;
    },
  },
];

/** The list, as it hangs on the wall. @param command how the reader types it */
export function phoneList(command: string): string[] {
  const rows = ENTRIES.map(
    ({ who, request, about = '', what }) => [`${command} ${who} ${request} ${about}`.trim(), what] as const,
  );
  const width = Math.max(...rows.map(([typed]) => typed.length));
  return rows.map(([typed, what]) => `${typed.padEnd(width)}  ${what}`);
}

/** Somebody answers. @returns what they say; undefined: there is no such number */
export async function answerCall(
  night: NightHospital,
  files: NightFiles,
  [who, request, about]: Call,
): Promise<string | undefined> {
  const entry = ENTRIES.find((one) => one.who === who && one.request === request && isAbout(one, about));
  return entry?.answer(night, about, files);
}

function isAbout({ about: wanted = '' }: Entry, about: string): boolean {
  return wanted.startsWith('<') ? about !== '' : wanted.split('|').includes(about);
}

function emrState(demoEmr: DemoEmr): string {
  if (!demoEmr.runs)
    return 'The interface does not run: its storage was full. There is room again, and we can restart it.';
  const { accepted } = demoEmr.simulator.stats();
  return `The interface runs. We have ${String(accepted)} messages of yours. Nothing is planned for tonight.`;
}

async function wardAnswer(night: NightHospital, id: string, files: NightFiles): Promise<string> {
  await night.look();
  if (id === ST_ANNA.id && !isUnitRight(night, files))
    return 'Since yesterday, glucose comes in mmol/L. We chart it in mg/dL, as the meters show it and as it always was.';
  return 'What we have looks as it should.';
}

function processState(night: NightHospital, role: ServiceRole): string {
  const service = night.services.get(role);
  return service?.runs === true ? `runs, as process ${String(service.pid)}` : 'does not run';
}

/** Puts files where the operator finds them. */
function handOver(night: NightHospital, files: Readonly<Record<string, string>>): string {
  const folder = path.join(night.folder.path, 'handed-over');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const written = Object.entries(files).map(([name, text]) => {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  });
  return `Here it is: ${written.join(', ')}`;
}

function unknown(id: string): string {
  return `We know no organization "${id}".`;
}
