/** `npm start -- --night-shift`: ten problems, and an operator who has the tools and the documentation. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenForControl } from '../../simulators/control-server';
import { DemoError } from '../demo-error';
import type { Display } from '../display';
import { DemoFolder } from '../folder';
import { typedCommand, typedPath } from '../links';
import { createDesk, isNightFolder, isTaken, askScore, writeCallCommand, writeDesk } from './desk';
import { NightHospital } from './hospital';
import { phoneList } from './phone';
import { prepareNight } from './prepare';
import { endLeftovers } from './service';
import { isOver, nightScore, scoreLines, type NightScore } from './score';

/** The folder of a night shift, in the project. */
export const NIGHT_FOLDER = path.resolve(__dirname, '../../../.ductus/night-shift');
const LOOK_AGAIN_MS = 2_000;

export interface NightStage {
  readonly display: Display;
  readonly tell: { readonly aside: (text: string) => void; readonly good: (text: string) => void };
  readonly seed: number;
  /** Aborted at Ctrl-C. */
  readonly stopping: AbortSignal;
}

/** Prepares the night and stays up until Ctrl-C. @param dataDir an empty folder, or one of an earlier night */
export async function playNightShift(dataDir: string | undefined, stage: NightStage): Promise<void> {
  const { display, tell, seed, stopping } = stage;
  const folder = await freshFolder(dataDir ?? NIGHT_FOLDER);
  writeDesk(folder, '');
  display.print(display.style('bold', 'Ductus night shift'), '  it is prepared; this takes half a minute', '');
  const say = (what: string): void => (stopping.aborted ? undefined : tell.aside(what));
  const night = await NightHospital.open({ folder, seed, tell: say });
  try {
    const files = await prepareNight(night, say, stopping);
    const desk = createDesk(night, files);
    try {
      writeDesk(folder, await listenForControl(desk, 0));
      display.print(...briefing(display, night, writeCallCommand(folder)));
      await watch(() => nightScore(night, files, false), stage);
    } finally {
      await desk.close();
    }
  } catch (error) {
    if (!stopping.aborted) throw error;
  } finally {
    tell.aside('The night is over: stopping everything');
    await night.close();
  }
}

/** `--night-shift-score`. @returns lines, or the line of `--json` */
export async function tellNightScore(dataDir: string | undefined, solve: boolean, json: boolean): Promise<string> {
  const score = await askScore(path.resolve(dataDir ?? NIGHT_FOLDER), solve);
  return json ? JSON.stringify(score) : scoreLines(score).join('\n');
}

/** Each night begins with nothing. */
async function freshFolder(place: string): Promise<DemoFolder> {
  const taken = existsSync(place) && readdirSync(place).length > 0;
  if (taken && isTaken(place))
    throw new DemoError(`A night shift goes on in ${place} already.`, 'End it with Ctrl-C in its terminal first.');
  if (taken && !isNightFolder(place))
    throw new DemoError(`${place} is not empty, and not of a night shift.`, 'Give an empty folder.');
  const before = new DemoFolder(place);
  await endLeftovers(before);
  before.remove();
  return new DemoFolder(place);
}

function briefing(display: Display, { folder, temporalUi }: NightHospital, call: string): string[] {
  const title = (text: string): string => display.style('bold', text);
  return [
    '',
    'You are on duty from now on. Ten things are wrong: find and repair them, and lose nothing on the way.',
    'All that you need to know is in docs/operations. In another terminal:',
    '',
    `  ${title('your tool')}      ${typedCommand(folder)} --help`,
    `  ${title('its settings')}   ${typedPath(folder.config)}`,
    `  ${title('the log')}        ${typedPath(folder.log)}`,
    ...(temporalUi === undefined ? [] : [`  ${title('Temporal')}       ${temporalUi}`]),
    `  ${title('how you do')}     npm start -- --night-shift-score   (--solve gives the answers)`,
    '',
    title('Whom you can call'),
    ...phoneList(typedPath(call)).map((line) => `  ${line}`),
    '',
    'Ctrl-C ends the night.',
    '',
  ];
}

/** Says when the number of repaired problems changes, and when the night is over. */
async function watch(score: () => Promise<NightScore>, { display, tell, stopping }: NightStage): Promise<void> {
  let known = 0;
  let over = false;
  while (!stopping.aborted) {
    const now = await score();
    if (now.repaired !== known) tell.good(scoreLines({ ...now, problems: now.problems.map(withoutName) })[0] ?? '');
    known = now.repaired;
    if (isOver(now) && !over) {
      over = true;
      display.print('', 'Well done. That was:', ...scoreLines(now).slice(1), '', 'Ctrl-C ends the night.', '');
    }
    await sleep(LOOK_AGAIN_MS, undefined, { signal: stopping }).catch(() => undefined);
  }
}

function withoutName({ number, state }: NightScore['problems'][number]): NightScore['problems'][number] {
  return { number, state };
}
