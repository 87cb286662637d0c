/**
 * The sample day: 60 notifications for two hospitals in about twenty seconds, with what goes wrong on a real day. Each
 * scene waits until what it is about has happened, so that the story is the same on a slow machine.
 */
import { correctionBundle } from '../simulators/roche-dc/sample-data';
import { dataSharingWorkflowId } from '../src/domain/workflow-ids';
import { NotificationIdSchema, OrganizationIdSchema } from '../src/domain/identifiers';
import { Day, isAnswered, type DayFile, type DayParts } from './day';
import { ORGANIZATIONS, ST_ANNA, ST_MARIEN } from './organizations';

/** How many notifications a day has. */
export const NOTIFICATIONS = 60;

/** Time between two files of a stream of files. */
const PACE_MS = 150;
/** How long the EMR is away. */
const OUTAGE_MS = 2_500;

/** Plays the day. @throws DemoError when something does not happen; what `signal` was aborted with */
export async function playSampleDay(parts: DayParts): Promise<void> {
  const day = new Day(parts);
  const morning = await morningRound(day);
  await brokenConnection(day);
  const refused = await unknownPatient(day);
  await corrections(day, morning, refused);
  await largeFiles(day, refused);
  await emrAway(day, refused);
  await lostAcknowledgment(day);
  await eveningRound(day, morning, refused);
  await repair(day, refused);
  await day.allAcknowledged();
}

/** Files of patients 1 to 20 of the hospitals in turn. */
async function stream(day: Day, count: number, firstPatient: number, largest = 40): Promise<DayFile[]> {
  const files: DayFile[] = [];
  for (let index = 0; index < count; index += 1) {
    const organization = ORGANIZATIONS[index % ORGANIZATIONS.length] ?? ST_MARIEN;
    const devices = index % 4 === 0;
    const bundle = day.bundle(organization, firstPatient + index, day.random.integer(4, largest), { devices });
    files.push(await day.share(organization, bundle));
    await day.pause(PACE_MS);
  }
  return files;
}

async function morningRound(day: Day): Promise<DayFile[]> {
  const { tell, roche } = day.parts;
  tell.say('Morning: 20 files of two hospitals, by S3 access point and by pre-signed URL in turn');
  const files = await stream(day, 19, 0, 120);
  tell.say('Roche notifies of one file twice, the second time while the first is under way');
  const twice = await day.share(ST_MARIEN, day.bundle(ST_MARIEN, 19, 25));
  await roche.repeat(twice.messageId);
  await day.allAcknowledged();
  tell.good('All 20 are in the EMR and acknowledged, and the duplicate brought nothing twice');
  return files;
}

/** The classic of HL7 interfaces: stored, and the sender never learns it. */
async function brokenConnection(day: Day): Promise<void> {
  const { tell, emr } = day.parts;
  tell.say('The connection to the EMR breaks right after it stored a message: did it arrive or not?');
  const { repeats } = emr.simulator.stats();
  emr.simulator.script({ answer: { kind: 'drop-after-storing' } });
  await day.share(ST_MARIEN, day.bundle(ST_MARIEN, 20, 12));
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
  const file = await day.share(ST_MARIEN, day.bundle(ST_MARIEN, 21, 8));
  await day.emr('the refusal by the EMR', (stats) => stats.refused > refused);
  await stream(day, 6, 22);
  await day.allAcknowledged([file]);
  tell.good('The refused file is parked until somebody decides; the other six went past it');
  const url = page(workflowIdOf(file));
  if (url !== undefined) tell.aside(`Why, and what to do, stands on its page, under "User Metadata": ${url}`);
  return file;
}

async function corrections(day: Day, morning: readonly DayFile[], refused: DayFile): Promise<void> {
  const { tell, roche } = day.parts;
  tell.say('Two patients correct readings of the morning and delete one each');
  for (const file of morning.slice(0, 2)) {
    await day.share(file.organization, correctionBundle(file.bundle, { seed: roche.seed, corrected: 2, cancelled: 1 }));
  }
  await day.allAcknowledged([refused]);
  tell.good('The EMR has four corrections (OBX-11 C) and two deletions (OBX-11 D)');
}

async function largeFiles(day: Day, refused: DayFile): Promise<void> {
  const { tell } = day.parts;
  tell.say('Two large files, 12,000 and 5,000 readings, and eight small ones of other patients behind them');
  await day.share(ST_MARIEN, day.bundle(ST_MARIEN, 40, 12_000));
  await day.share(ST_ANNA, day.bundle(ST_ANNA, 41, 5_000));
  await stream(day, 8, 42);
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
  const { messageId } = await day.share(ST_ANNA, day.bundle(ST_ANNA, 60, 15));
  await day.roche('the ACK a second time', ({ notifications }) =>
    notifications.some((one) => one.messageId === messageId && one.acks.length > 1),
  );
  tell.good('Ductus acknowledges once more, with the same origin request id');
}

async function eveningRound(day: Day, morning: readonly DayFile[], refused: DayFile): Promise<void> {
  const { tell, roche } = day.parts;
  tell.say('Evening: nine more files, and Roche repeats a notification that was dealt with in the morning');
  await stream(day, 9, 61);
  const repeated = morning[2]?.messageId ?? '';
  await roche.repeat(repeated);
  await day.roche('the ACK of the repeat', ({ notifications }) =>
    notifications.some((one) => one.messageId === repeated && isAnswered(one)),
  );
  await day.allAcknowledged([refused]);
  tell.good('The repeat is acknowledged with its new receipt handle, and nothing was delivered again');
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
