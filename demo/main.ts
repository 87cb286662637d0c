/** `npm start`: shows Ductus at work. */
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runDuctusCommand } from './ductus-command';
import { DemoError } from './demo-error';
import { Display, type Screen } from './display';
import { DemoFolder } from './folder';
import { links, uiLinks, typedCommand, workflowUrl } from './links';
import { playNightShift, tellNightScore } from './night-shift/night-shift';
import { createNarrator, type Narrator } from './narrator';
import { demoCommand, type DemoOptions } from './options';
import { ANY_PORTS, usualPorts } from './ports';
import type { PatientCounts } from './patient-counts';
import { patientProblems, patientResult } from './patient-result';
import { EXPECTED_PATIENTS } from './patient-scenes';
import { flowResult, problems, type FlowResult } from './result';
import { EXPECTED, playSampleDay } from './sample-day';
import { sendFile } from './send';
import type { ItemCounts } from './scoreboard';
import { Session } from './session';
import { paintScores } from './painter';
import { STOPPED, stopSignals, type StopSignals } from './stop-signals';

/** The folder of `npm start`, in the project. */
const DEFAULT_FOLDER = path.resolve(__dirname, '../../.ductus/demo');
/** A scene of a run that nobody watches; the slowest has 12,000 readings. */
const ONCE_PATIENCE_MS = 60_000;
/** A reader may kill Ductus on the way, or think. */
const PATIENCE_MS = 10 * 60_000;
/** Time to read a command before it runs. */
const READING_MS = 6_000;

interface Stage extends StopSignals {
  readonly options: DemoOptions;
  readonly display: Display;
  readonly tell: Narrator;
  readonly seed: number;
}

async function run(options: DemoOptions): Promise<void> {
  if (options.send !== undefined) {
    await sendFile(new DemoFolder(options.dataDir ?? DEFAULT_FOLDER), options.send, (line) => console.log(line));
    return;
  }
  if (options.nightShift === 'score') {
    console.log(await tellNightScore(options.dataDir, options.solve, options.json));
    return;
  }
  const screen: Screen = options.json ? process.stderr : process.stdout;
  const display = new Display(screen);
  const { stopping, hurry } = stopSignals();
  const stage: Stage = {
    options,
    display,
    tell: createNarrator(display),
    seed: options.seed ?? randomInt(2 ** 31),
    stopping,
    hurry,
  };
  if (options.nightShift === 'play') await playNightShift(options.dataDir, stage);
  else await (options.once ? once(stage) : stayUp(stage));
}

/** The day for a reader; then everything stays up until Ctrl-C. */
async function stayUp(stage: Stage): Promise<void> {
  const { display, tell, options, seed, stopping } = stage;
  const folder = new DemoFolder(options.dataDir ?? DEFAULT_FOLDER);
  folder.assertFree();
  display.print(display.style('bold', 'Ductus demo'), `  data in ${folder.path}, seed ${String(seed)}`, '');
  const session = await Session.open({
    folder,
    ports: await usualPorts(),
    seed,
    tell,
    restart: true,
    signal: stopping,
  });
  const painting = new AbortController();
  const painted = paintScores(display, session, painting.signal);
  try {
    if (session.ductus !== undefined) display.print('', ...uiLinks(display, session.ductus, folder), '');
    try {
      await Promise.race([session.failed, painted, playDay(stage, session, folder, PATIENCE_MS, READING_MS)]);
    } catch (error) {
      // The reader may still want to look at what did not go as it should.
      if (stopping.aborted || !(error instanceof DemoError)) throw error;
      tell.bad(error.message);
    }
    tell.say('The day is over. Everything stays up, and your own files are welcome. Ctrl-C ends the demo.');
    if (session.ductus !== undefined) {
      display.print('', ...links(display, session.ductus, folder, session.controlUrls), '');
    }
    watchOwnFiles(session);
    await Promise.race([session.failed, painted, aborted(stopping)]);
  } catch (error) {
    if (!stopping.aborted) throw error;
  } finally {
    if (stopping.aborted) await session.finish(stage.hurry);
    painting.abort();
    await painted.catch(() => undefined);
    display.keep();
    tell.aside('Stopping Ductus and the simulators');
    await session.close();
  }
  tell.aside('Stopped. The next `npm start` goes on with the same data.');
}

/** The day in a folder of its own; says how it went. */
async function once(stage: Stage): Promise<void> {
  const { display, tell, options, seed, stopping } = stage;
  const temporary = options.dataDir === undefined;
  const folder = new DemoFolder(options.dataDir ?? mkdtempSync(path.join(tmpdir(), 'ductus-demo-')));
  folder.assertFree();
  if (options.seed !== undefined && existsSync(folder.frames)) {
    throw new DemoError(
      `${folder.path} holds the data of an earlier day; with the same seed, everything would be a duplicate of it.`,
      'Leave --seed out, or give an empty folder.',
    );
  }
  display.print(`Ductus demo, one day: data in ${folder.path}, seed ${String(seed)}`);
  let result: FlowResult;
  let shared: ItemCounts;
  let patients: PatientCounts;
  const session = await Session.open({ folder, ports: ANY_PORTS, seed, tell, restart: false, signal: stopping });
  const painting = new AbortController();
  const painted = paintScores(display, session, painting.signal);
  try {
    await Promise.race([session.failed, painted, playDay(stage, session, folder, ONCE_PATIENCE_MS, 0)]);
    await session.look();
    const counts = session.counts();
    result = flowResult(counts, await session.unmapped(), seed);
    shared = counts.shared;
    patients = session.patients();
  } finally {
    painting.abort();
    await painted.catch(() => undefined);
    display.keep();
    await session.close();
    if (temporary && stopping.aborted) folder.remove();
  }
  if (options.json) {
    process.stdout.write(`${JSON.stringify(result)}\n${JSON.stringify(patientResult(patients))}\n`);
  }
  const wrong = [...problems(result, EXPECTED, shared), ...patientProblems(patients, EXPECTED_PATIENTS)];
  if (wrong.length > 0) {
    throw new DemoError(
      `Not as it should be: ${wrong.join('; ')}.`,
      `The data, with Ductus's log, is in ${folder.path}.`,
    );
  }
  tell.good('All is as it should be.');
  if (temporary) folder.remove();
}

async function playDay(
  stage: Stage,
  session: Session,
  folder: DemoFolder,
  patienceMs: number,
  readingMs: number,
): Promise<void> {
  await playSampleDay({
    roche: session.roche,
    emr: session.emr,
    his: (organization) => session.his(organization),
    patients: () => session.patients(),
    emrNumbers: () => session.emrNumbers,
    tell: stage.tell,
    look: () => session.look(),
    ductus: (args) => runDuctusCommand(folder, args),
    file: (name, text) => folder.write(name, text),
    command: typedCommand(folder),
    page: (workflowId) => {
      const ui = session.ductus?.temporalUi;
      return ui === undefined || stage.options.once ? undefined : workflowUrl(ui, workflowId);
    },
    patienceMs,
    readingMs,
    signal: stage.stopping,
  });
}

/** Tells what becomes of files that the reader shares. */
function watchOwnFiles(session: Session): void {
  const { onShare } = session.roche;
  session.roche.onShare = (file, request) => {
    onShare(file, request);
    session.announce(file.messageId, `Your file (${String(file.items.length)} items)`);
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function report(error: unknown): void {
  process.exitCode = error === STOPPED ? 130 : 1;
  if (isPortTaken(error)) {
    process.stderr.write(`\nPort ${String(error.port)} was taken by another program a moment ago. Start again.\n`);
    return;
  }
  if (error instanceof DemoError) {
    process.stderr.write(`\n${error.message}\n${error.advice === undefined ? '' : `  ${error.advice}\n`}`);
    return;
  }
  process.stderr.write(`\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

function isPortTaken(error: unknown): error is Error & { readonly port: number } {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error;
}

demoCommand(run).parseAsync().catch(report);
