/**
 * The sample day: 60 notifications and a few patients for two hospitals in about half a minute, with what goes wrong on a real
 * day. Each scene waits until what it is about has happened, so that the story is the same on a slow machine.
 */
import { DIARY_EDITS, editedDiary } from '../simulators/roche-dc/sample-edits';
import { sampleReport } from '../simulators/roche-dc/sample-report';
import { CLOCK_CHANGES } from '../simulators/roche-dc/sample-times';
import { dataSharingWorkflowId } from '../src/domain/workflow-ids';
import { NotificationIdSchema, OrganizationIdSchema } from '../src/domain/identifiers';
import { Day, isAnswered, type DayBundle, type DayFile, type DayParts } from './day';
import { ORGANIZATIONS, ST_ANNA, ST_MARIEN } from './organizations';
import { PatientScenes } from './patient-scenes';
import type { Expected } from './result';

/** What the day brings, whatever the seed: two diaries are edited (`DIARY_EDITS`), and a report is replaced. */
export const EXPECTED: Expected = {
  notifications: 60,
  corrections: 2 * sumOf('edited') + 1,
  deletions: 2 * sumOf('deleted'),
};

function sumOf(what: 'edited' | 'deleted'): number {
  return Object.values(DIARY_EDITS).reduce((sum, counts) => sum + counts[what], 0);
}

/** Time between two files of a stream of files. */
const PACE_MS = 150;
/** How long the EMR is away. */
const OUTAGE_MS = 2_500;

/** Plays the day. @throws DemoError when something does not happen; what `signal` was aborted with */
export async function playSampleDay(parts: DayParts): Promise<void> {
  const day = new Day(parts);
  const patients = new PatientScenes(day);
  await patients.morning();
  const morning = await morningRound(day);
  await brokenConnection(day);
  await patients.changes();
  const refused = await unknownPatient(day);
  await patients.refused();
  await corrections(day, morning, refused);
  await largeFiles(day, refused);
  await emrAway(day, refused);
  await patients.merge();
  await lostAcknowledgment(day);
  await clocksChange(day, refused);
  const unasked = await eveningRound(day, morning, refused);
  await patients.consent(unasked);
  await repair(day, refused);
  await patients.evening();
  await day.allAcknowledged();
}

/** Diaries of patients of the hospitals in turn. @param longest readings of a sensor in the longest of them */
async function stream(day: Day, count: number, firstPatient: number, longest = 24): Promise<DayBundle[]> {
  const files: DayBundle[] = [];
  for (let index = 0; index < count; index += 1) {
    const organization = ORGANIZATIONS[index % ORGANIZATIONS.length] ?? ST_MARIEN;
    const sensorReadings = day.random.integer(0, longest);
    const bundle = day.diary(organization, firstPatient + index, day.random.integer(3, 8), { sensorReadings });
    files.push(await day.share(organization, bundle));
    await day.pause(PACE_MS);
  }
  return files;
}

/** The report on a patient. @param version a higher one replaces the one before */
async function report(day: Day, organization: typeof ST_MARIEN, patient: number, version: number): Promise<void> {
  const finding = `Time in range ${String(60 + version)} % (made up).`;
  await day.shareReport(
    organization,
    sampleReport({ patient: day.patient(organization, patient), seed: day.parts.roche.seed, version, finding }),
  );
}

async function morningRound(day: Day): Promise<DayBundle[]> {
  const { tell, roche } = day.parts;
  tell.say('Morning: 20 files of two hospitals, by S3 access point and by pre-signed URL in turn:');
  tell.aside('diaries with glucose, carbohydrates, insulin and devices, and two reports (CDA)');
  const files = await stream(day, 17, 0, 96);
  await report(day, ST_MARIEN, 0, 1);
  await report(day, ST_ANNA, 1, 1);
  tell.say('Roche notifies of one file twice, the second time while the first is under way');
  const twice = await day.share(ST_MARIEN, day.diary(ST_MARIEN, 19, 6));
  await roche.repeat(twice.messageId);
  await day.allAcknowledged();
  tell.good('All 20 are in the EMRs and acknowledged, and the duplicate brought nothing twice');
  return files;
}

/** The classic of HL7 interfaces: stored, and the sender never learns it. */
async function brokenConnection(day: Day): Promise<void> {
  const { tell, emr } = day.parts;
  tell.say('The connection to the EMR breaks right after it stored a message: did it arrive or not?');
  const { repeats } = emr.simulator.stats();
  emr.simulator.script({ answer: { kind: 'drop-after-storing' } });
  await day.share(ST_MARIEN, day.diary(ST_MARIEN, 20, 3));
  await day.emr('the repeat of the message', (stats) => stats.repeats > repeats);
  await day.allAcknowledged();
}

/** @returns the file that is parked from now on */
async function unknownPatient(day: Day): Promise<DayFile> {
  const { tell, emr, page } = day.parts;
  tell.say('A file comes for a patient whom the EMR does not know yet; six others come behind it');
  const { refused } = emr.simulator.stats();
  emr.simulator.script({
    answer: { kind: 'AE', errorCode: '204', errorLocation: 'PID^1^3', errorText: 'unknown patient number' },
  });
  const file = await day.share(ST_MARIEN, day.diary(ST_MARIEN, 21, 2));
  await day.emr('the refusal by the EMR', (stats) => stats.refused > refused);
  await stream(day, 6, 22);
  await day.allAcknowledged([file]);
  tell.good('The refused file is parked until somebody decides; the other six went past it');
  const url = page(workflowIdOf(file));
  if (url !== undefined) tell.aside(`Why, and what to do, stands on its page, under "User Metadata": ${url}`);
  return file;
}

async function corrections(day: Day, morning: readonly DayBundle[], refused: DayFile): Promise<void> {
  const { tell, roche } = day.parts;
  tell.say('Two patients edit their diaries and delete some of it, a meter has new firmware, and a report is replaced');
  for (const file of morning.slice(0, 2)) {
    await day.share(file.organization, editedDiary(file.bundle, roche.seed));
  }
  await report(day, ST_MARIEN, 0, 2);
  await day.allAcknowledged([refused]);
  const counts = `${String(EXPECTED.corrections)} corrections and ${String(EXPECTED.deletions)} deletions`;
  tell.good(`The EMRs have ${counts}, each under the id of what it changes`);
}

async function largeFiles(day: Day, refused: DayFile): Promise<void> {
  const { tell } = day.parts;
  tell.say('Two large files, 12,000 and 5,000 readings, and seven small ones of other patients behind them');
  await day.share(ST_MARIEN, day.readings(ST_MARIEN, 40, 12_000));
  await day.share(ST_ANNA, day.readings(ST_ANNA, 41, 5_000, { offset: '+00:00' }));
  await stream(day, 7, 42);
  await day.allAcknowledged([refused]);
  tell.good('17,000 readings are in the EMR, in messages of 500');
}

async function emrAway(day: Day, refused: DayFile): Promise<void> {
  const { tell, emr } = day.parts;
  tell.bad('The EMR is switched off; ten files come all the same');
  await emr.stop();
  const off = Date.now();
  try {
    await stream(day, 10, 50);
    await day.pause(Math.max(0, OUTAGE_MS - (Date.now() - off)));
  } finally {
    // Also when the demo is being stopped: what is under way is to be finished.
    await emr.startAgain();
  }
  tell.say('The EMR is back: the paused destination tries by itself and sends what waits, in order');
  await day.allAcknowledged([refused]);
  tell.good('All ten are delivered and acknowledged');
}

async function lostAcknowledgment(day: Day): Promise<void> {
  const { tell, roche } = day.parts;
  tell.say("Ductus's ACK reaches Roche, and the answer gets lost on the way back");
  roche.faults.order('ack-lost');
  const { messageId } = await day.share(ST_ANNA, day.diary(ST_ANNA, 60, 4));
  await day.roche('the ACK a second time', ({ notifications }) =>
    notifications.some((one) => one.messageId === messageId && one.acks.length > 1),
  );
  tell.good('Ductus acknowledges once more, with the same origin request id');
}

/** Meters whose clocks know no time zone, read out late. */
async function clocksChange(day: Day, refused: DayFile): Promise<void> {
  const { tell } = day.parts;
  tell.say('Three files hold nights in which clocks changed, with times that say no offset:');
  tell.aside('02:00 to 03:00 twice in Berlin, 01:00 to 02:00 twice on the Canary Islands, and an hour that never was');
  const nights = [
    { organization: ST_MARIEN, patient: 61, change: CLOCK_CHANGES.autumn },
    { organization: ST_ANNA, patient: 61, change: CLOCK_CHANGES.autumn },
    { organization: ST_MARIEN, patient: 62, change: CLOCK_CHANGES.spring, clocksUntouched: true },
  ];
  for (const { organization, patient, change, clocksUntouched = false } of nights) {
    const start = new Date(Date.parse(change) - 2 * 60 * 60 * 1000).toISOString();
    const night = { start, hoursBetween: 1, sensorReadings: 48, times: 'bare', clocksUntouched } as const;
    await day.share(organization, day.diary(organization, patient, 4, night));
  }
  await day.allAcknowledged([refused]);
  tell.good("The EMRs have each time with the offset of the hospital's zone; where two were possible, a note says so");
}

/** @returns the file about a patient who has not consented */
async function eveningRound(day: Day, morning: readonly DayFile[], refused: DayFile): Promise<DayFile> {
  const { tell, roche } = day.parts;
  tell.say('Evening: six more files, and Roche repeats a notification that was dealt with in the morning');
  const files = await stream(day, 6, 63);
  const unasked = files.at(-1) ?? refused;
  const repeated = morning[2]?.messageId ?? '';
  await roche.repeat(repeated);
  await day.roche('the ACK of the repeat', ({ notifications }) =>
    notifications.some((one) => one.messageId === repeated && isAnswered(one)),
  );
  await day.allAcknowledged([refused, unasked]);
  tell.good('The repeat is acknowledged with its new receipt handle, and nothing was delivered again');
  return unasked;
}

async function repair(day: Day, file: DayFile): Promise<void> {
  const { tell, command, ductus, readingMs } = day.parts;
  tell.say(
    'The refused file is still parked. An operator looks, has the patient registered in the EMR, and lets it go on:',
  );
  tell.command(`${command} parked list`);
  tell.output((await ductus(['parked', 'list'])).output);
  const workflowId = workflowIdOf(file);
  tell.command(`${command} parked show ${workflowId}`);
  tell.output((await ductus(['parked', 'show', workflowId])).output);
  const reason = 'patient registered in the EMR';
  tell.command(`${command} parked retry ${workflowId} --reason "${reason}"`);
  await day.pause(readingMs);
  const { output } = await ductus(['parked', 'retry', workflowId, '--by', 'demo', '--reason', reason]);
  tell.output(output);
  await day.roche('the ACK of the repaired file', ({ notifications }) =>
    notifications.some((one) => one.messageId === file.messageId && one.acks.length > 0),
  );
  tell.good('Repaired: delivered and acknowledged');
}

function workflowIdOf({ organization, messageId }: DayFile): string {
  return dataSharingWorkflowId(OrganizationIdSchema.parse(organization.id), NotificationIdSchema.parse(messageId));
}
