/**
 * What went wrong before the night began. Each trouble is made as it comes about in a hospital, through the simulators
 * and Ductus's own commands, and each step waits until the last one shows.
 */
/// <reference types="fhir" />
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { RandomStream } from '../../simulators/random';
import { bgBundle, samplePatient } from '../../simulators/roche-dc/sample-data';
import { diaryBundle } from '../../simulators/roche-dc/sample-diary';
import type { ShareRequest } from '../../simulators/roche-dc/roche-simulator';
import { DemoError } from '../demo-error';
import { runDuctusCommand } from '../ductus-command';
import { ST_ANNA, ST_MARIEN, type DemoOrganization } from '../organizations';
import { KEY_NOW } from './config';
import type { NightHospital } from './hospital';

/** Which files a problem is about, by their notifications. */
export interface NightFiles {
  readonly keyMissing: readonly string[];
  readonly wrongUnit: readonly string[];
  readonly ambiguous: readonly string[];
  readonly garbage: readonly string[];
  readonly unknownPatient: readonly string[];
  readonly secretRefused: readonly string[];
  readonly held: readonly string[];
  readonly emrDown: readonly string[];
}

const PATIENCE_MS = 120_000;
const LOOK_AGAIN_MS = 250;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Patients of St. Marien, and the one among them whom nobody has entered. */
const PATIENTS = 12;
const NOT_ENTERED = 7;
/** Nothing is shared for a patient twice, so that no file waits behind another. */
const PATIENT = { keyMissing: 11, ambiguous: 20, secretRefused: 30, held: 40, emrDown: 8 } as const;
const PARKED = 4;

const Destination = z.looseObject({ destination: z.string(), state: z.string(), waiting: z.number() });

/** St. Marien's numbers of its patients, as a CSV file for `ductus patients import`. @param all with the one who is missing */
export function patientList(all: boolean): string {
  const numbers = Array.from({ length: PATIENTS }, (_, index) => index).filter((each) => all || each !== NOT_ENTERED);
  const lines = numbers.map((each) => {
    const { id, system } = samplePatient(ST_MARIEN.firstPatient + each);
    return `${system},${id},M-${String(4_700 + each)},,`;
  });
  return ['source_system,source_value,mrn,assigning_authority,identifier_type', ...lines, ''].join('\n');
}

/** Makes the ten problems. @throws DemoError when one does not come about; what `signal` was aborted with */
export async function prepareNight(
  night: NightHospital,
  tell: (what: string) => void,
  signal: AbortSignal,
): Promise<NightFiles> {
  const until = (what: string, holds: () => boolean | Promise<boolean>) => waitUntil(what, holds, signal);
  const files = new Files(night);
  tell('Starting Ductus: an entry point and a worker');
  await Promise.all([night.restart('worker'), night.restart('api')]);
  await enterPatients(night);

  tell('The day goes by');
  await night.services.get('worker')?.kill();
  const keyMissing = [await files.diary(PATIENT.keyMissing)];
  night.useKey(KEY_NOW);
  await Promise.all([night.restart('worker'), night.restart('api')]);

  const fine = [await files.diary(0), await files.diary(1), await files.diary(2)];
  const wrongUnit = [await files.readings(1), await files.readings(2), await files.readings(3)];
  await until('an ACK of the first files', () => [...fine, ...wrongUnit].every((id) => night.isAcknowledged(id)));

  const { main, anna } = night.emrs;
  anna.simulator.script({ answer: { kind: 'silence' } });
  const { frames } = anna.simulator.stats();
  const ambiguous = [await files.readings(PATIENT.ambiguous)];
  await until('the message that is not answered', () => anna.simulator.stats().frames > frames);
  const garbage = [
    await files.share(ST_MARIEN, '{"resourceType":"Bundle","type":"collection","entry":[{"reso', 'access-point'),
  ];
  const unknownPatient = [await files.diary(NOT_ENTERED)];
  const secret = randomBytes(18).toString('base64url');
  night.roche.setClientSecret(ST_ANNA.emrOid, secret);
  night.clientSecrets.set(ST_ANNA.id, secret);
  const secretRefused = [await files.readings(PATIENT.secretRefused, 'presigned-url')];
  await until('parked work', async () => (await lines(night, ['parked', 'list'], z.unknown())).length === PARKED);

  const { destination } = ST_ANNA;
  await command(night, [
    'destinations',
    'hold',
    destination,
    '--by',
    'K. Weber',
    '--reason',
    `EMR upgrade, done by 18:00 on ${yesterday().slice(0, 10)}`,
  ]);
  await until('the hold', async () => (await stateOf(night, destination)).state === 'held');
  const held = [await files.readings(PATIENT.held), await files.readings(PATIENT.held + 1)];
  await main.stop();
  const emrDown = [
    await files.diary(PATIENT.emrDown),
    await files.diary(PATIENT.emrDown + 1),
    await files.diary(PATIENT.emrDown + 2),
  ];
  await until('the paused destination', async () => {
    const [mainState, annaState] = [await stateOf(night, ST_MARIEN.destination), await stateOf(night, destination)];
    return mainState.state === 'paused' && mainState.waiting === emrDown.length && annaState.waiting === held.length;
  });
  await night.services.get('worker')?.kill();
  return { keyMissing, wrongUnit, ambiguous, garbage, unknownPatient, secretRefused, held, emrDown };
}

/** Shares files. */
class Files {
  readonly #night: NightHospital;
  readonly #random: RandomStream;

  constructor(night: NightHospital) {
    this.#night = night;
    this.#random = new RandomStream(night.seed, 'night shift');
  }

  /** A diary of a patient of St. Marien. */
  async diary(patient: number): Promise<string> {
    const bundle = diaryBundle({
      patient: ST_MARIEN.firstPatient + patient,
      seed: this.#seed(),
      start: yesterday(),
      meals: 3,
      timeZone: ST_MARIEN.timeZone,
    });
    return this.share(ST_MARIEN, bundle, patient % 2 === 0 ? 'access-point' : 'presigned-url');
  }

  /** Readings of a patient of St. Anna, in mg/dL, which is what its people chart in. */
  async readings(patient: number, option: ShareRequest['option'] = 'access-point'): Promise<string> {
    const bundle = bgBundle({
      patient: ST_ANNA.firstPatient + patient,
      seed: this.#seed(),
      start: yesterday(),
      count: 6,
      intervalMinutes: 30,
      unit: 'mg/dL',
    });
    return this.share(ST_ANNA, bundle, option);
  }

  async share(
    organization: DemoOrganization,
    bundle: fhir.Bundle | string,
    option: ShareRequest['option'],
  ): Promise<string> {
    const { messageId } = await this.#night.roche.share({ organization: organization.emrOid, bundle, option });
    return messageId;
  }

  #seed(): number {
    return this.#random.integer(0, 2 ** 31);
  }
}

function yesterday(): string {
  return new Date(Math.floor((Date.now() - 2 * DAY_MS) / 60_000) * 60_000).toISOString();
}

async function enterPatients(night: NightHospital): Promise<void> {
  const file = path.join(night.folder.path, 'patients.csv');
  writeFileSync(file, patientList(false), { mode: 0o600 });
  await command(night, ['patients', 'import', file, '--organization', ST_MARIEN.id, '--by', 'patient administration']);
  rmSync(file);
}

async function stateOf(night: NightHospital, destination: string): Promise<z.infer<typeof Destination>> {
  const found = await lines(night, ['destinations', 'list'], Destination);
  const state = found.find((each) => each.destination === destination);
  if (state === undefined) throw new DemoError(`The configuration has no destination ${destination}.`);
  return state;
}

async function lines<T>(night: NightHospital, args: readonly string[], schema: z.ZodType<T>): Promise<T[]> {
  const output = await command(night, ['--json', ...args]);
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => schema.parse(JSON.parse(line)));
}

async function command(night: NightHospital, args: readonly string[]): Promise<string> {
  const { exitCode, output } = await runDuctusCommand(night.folder, args);
  if (exitCode !== 0) throw new DemoError(`\`ductus ${args.join(' ')}\` failed: ${output}`);
  return output;
}

async function waitUntil(what: string, holds: () => boolean | Promise<boolean>, signal: AbortSignal): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    signal.throwIfAborted();
    if (await holds()) return;
    if (Date.now() > end)
      throw new DemoError(`Waited ${String(PATIENCE_MS / 1000)} s for ${what}, and it did not come.`);
    await sleep(LOOK_AGAIN_MS);
  }
}
