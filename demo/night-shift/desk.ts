/** How other terminals reach a night shift that goes on: a server on the loopback, and what is written down about it. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { z } from 'zod';
import { createControlServer } from '../../simulators/control-server';
import { isAlive } from '../../src/runtime/embedded/child';
import { DemoError } from '../demo-error';
import type { DemoFolder } from '../folder';
import type { NightHospital } from './hospital';
import { answerCall } from './phone';
import type { NightFiles } from './prepare';
import { nightScore, NightScoreSchema, type NightScore } from './score';

const RunningSchema = z.object({ pid: z.number().int(), url: z.string() });
const CallSchema = z.object({ who: z.string(), request: z.string(), about: z.string() });
const AnswerSchema = z.object({ answer: z.string().optional(), error: z.string().optional() });

/** The routes. Calls are taken one after the other: two people do not restart the same process. */
export function createDesk(night: NightHospital, files: NightFiles): FastifyInstance {
  const server = createControlServer();
  let before: Promise<unknown> = Promise.resolve();
  server.post('/call', async (call) => {
    const { who, request: wish, about } = CallSchema.parse(call.body);
    const answer = before.then(() => answerCall(night, files, [who, wish, about]));
    before = answer.catch(() => undefined);
    return { answer: await answer };
  });
  server.get('/score', (call) => {
    const { solve } = z.object({ solve: z.string().optional() }).parse(call.query);
    return nightScore(night, files, solve !== undefined);
  });
  return server;
}

function runFile(folder: string): string {
  return path.join(folder, 'night-shift.json');
}

/** Whether a folder is one of an earlier night shift. */
export function isNightFolder(folder: string): boolean {
  return deskOf(folder) !== undefined;
}

/** Writes down where the desk is. @param url empty: not yet */
export function writeDesk(folder: DemoFolder, url: string): void {
  writeFileSync(runFile(folder.path), `${JSON.stringify({ pid: process.pid, url })}\n`, { mode: 0o600 });
}

/** The night shift that goes on in a folder. @throws DemoError when there is none */
export function runningDesk(folder: string): { readonly pid: number; readonly url: string } {
  const desk = deskOf(folder);
  if (desk === undefined || !isAlive(desk.pid) || desk.url === '') {
    throw new DemoError(
      `No night shift goes on in ${folder}.`,
      'Run `npm start -- --night-shift` in another terminal first.',
    );
  }
  return desk;
}

/** Whether a night shift, or what a killed one left, has the folder. */
export function isTaken(folder: string): boolean {
  const desk = deskOf(folder);
  return desk !== undefined && desk.pid !== process.pid && isAlive(desk.pid);
}

function deskOf(folder: string): z.infer<typeof RunningSchema> | undefined {
  try {
    return RunningSchema.parse(JSON.parse(readFileSync(runFile(folder), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Calls somebody. @returns what they say; undefined: there is no such number */
export async function callDesk(folder: string, who: string, wish: string, about: string): Promise<string | undefined> {
  const answer = await request(`${runningDesk(folder).url}/call`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ who, request: wish, about }),
  });
  const { answer: said, error } = AnswerSchema.parse(await answer.body.json());
  if (error !== undefined) throw new DemoError(error);
  return said;
}

/** How the night stands. */
export async function askScore(folder: string, solve: boolean): Promise<NightScore> {
  const answer = await request(`${runningDesk(folder).url}/score${solve ? '?solve=yes' : ''}`);
  return NightScoreSchema.parse(await answer.body.json());
}

/** The compiled program behind `call`. */
const CALL_MAIN = path.resolve(__dirname, 'call.js');

/** Writes the script `call` into the folder. @returns its path */
export function writeCallCommand(folder: DemoFolder): string {
  const isWindows = process.platform === 'win32';
  const file = path.join(folder.path, isWindows ? 'call.cmd' : 'call');
  writeFileSync(
    file,
    isWindows
      ? `@"${process.execPath}" "${CALL_MAIN}" "${folder.path}" %*\r\n`
      : `#!/bin/sh\nexec '${process.execPath}' '${CALL_MAIN}' '${folder.path}' "$@"\n`,
  );
  chmodSync(file, 0o755);
  return file;
}
