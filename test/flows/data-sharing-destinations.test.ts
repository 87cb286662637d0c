/**
 * Delivery to several destinations, one of each kind: all have the data before Roche is acknowledged, and trouble with
 * one holds up no other. Rows of "Destinations" in docs/guide/data-sharing.md.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { request } from 'undici';
import { z } from 'zod';
import { EmrHttpSimulator } from '../../simulators/emr-http/emr-http-simulator';
import type { EmrFrame } from '../../simulators/emr/frames';
import { readHl7, readObservations } from '../../simulators/emr/hl7-reading';
import { FhirServerSimulator } from '../../simulators/fhir-server/fhir-server-simulator';
import { SECRETS } from '../support/config';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import {
  acknowledged,
  bundle,
  expected,
  parked,
  repair,
  share,
  stored,
  WAIT_MS,
  decidedBy,
} from '../support/hospital-steps';
import { testTemporalAddress } from '../support/temporal';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

const BASIC = `Basic ${Buffer.from(`ductus:${SECRETS['PASSWORD'] ?? ''}`).toString('base64')}`;

/** A hospital whose organization has an EMR of each kind: MLLP, HTTP, a FHIR server and a folder. */
async function openAll() {
  const web = new EmrHttpSimulator({ authorization: BASIC });
  const fhir = new FhirServerSimulator();
  const temporary = temporaryFolder();
  const inbox = path.join(temporary.path, 'inbox');
  mkdirSync(inbox);
  await Promise.all([web.start(), fhir.start()]);
  const hospital = await openHospital(world, {
    destinations: {
      web: {
        kind: 'http',
        url: web.url,
        credentials: { kind: 'basic', username: 'ductus', password: { env: 'PASSWORD' } },
      },
      fhir: { kind: 'fhir', url: fhir.url },
      inbox: { kind: 'file', folder: inbox },
    },
  });
  return {
    hospital,
    web,
    fhir,
    inbox,
    async [Symbol.asyncDispose]() {
      await hospital[Symbol.asyncDispose]();
      await Promise.all([web.stop(), fhir.stop()]);
      temporary[Symbol.dispose]();
    },
  };
}
type All = Awaited<ReturnType<typeof openAll>>;

const line = (one: { observationId: string; value: string; status: string }): string =>
  `${one.observationId} ${one.value} ${one.status}`;

async function inWeb({ web }: All): Promise<string[]> {
  const frames = (await web.frames()).filter((frame: EmrFrame) => frame.accepted && !frame.repeat);
  return frames.flatMap((frame) => frame.observations.map(line)).sort();
}

function inFolder({ inbox }: All): string[] {
  return readdirSync(inbox)
    .flatMap((name) => {
      const reading = readHl7(readFileSync(path.join(inbox, name)));
      return reading === undefined ? [] : readObservations(reading).map(line);
    })
    .sort();
}

const QuantitySchema = z.looseObject({ valueQuantity: z.looseObject({ value: z.number() }) });

/** Values of the observations on the FHIR server. */
function inFhir({ fhir }: All): number[] {
  return fhir
    .resources()
    .filter(({ type }) => type === 'Observation')
    .map(({ resource }) => QuantitySchema.parse(resource).valueQuantity.value)
    .sort((a, b) => a - b);
}

const valuesOf = (lines: readonly string[]): number[] =>
  lines.map((text) => Number(text.split(' ')[1])).sort((a, b) => a - b);

const DestinationsSchema = z.object({
  destinations: z.array(z.object({ destination: z.string(), state: z.string() })),
});

async function states(hospital: Hospital): Promise<Record<string, string>> {
  const response = await request(`${hospital.url}/operations/destinations`, {
    headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}` },
  });
  const { destinations } = DestinationsSchema.parse(await response.body.json());
  return Object.fromEntries(
    destinations.map(({ destination, state }) => [destination.replace(/-[0-9a-f]{8}$/, ''), state]),
  );
}

async function isPaused(hospital: Hospital, name: string): Promise<void> {
  await until(async () => (await states(hospital))[name] === 'paused', WAIT_MS, `${name} paused`);
}

/** Until everything but one destination has the file. */
async function othersHave(all: All, without: 'web' | 'fhir' | 'inbox', lines: readonly string[]): Promise<void> {
  await until(
    async () => {
      const counts = {
        mllp: (await stored(all.hospital)).length,
        web: (await inWeb(all)).length,
        fhir: inFhir(all).length,
        inbox: inFolder(all).length,
      };
      return Object.entries(counts).every(([name, count]) => count === (name === without ? 0 : lines.length));
    },
    WAIT_MS,
    `all but ${without}`,
  );
}

async function allHave(all: All, lines: readonly string[]): Promise<void> {
  expect(await stored(all.hospital)).toEqual(lines);
  expect(await inWeb(all)).toEqual(lines);
  expect(inFolder(all)).toEqual(lines);
  expect(inFhir(all)).toEqual(valuesOf(lines));
}

describe('an organization with an EMR of each kind', () => {
  it('should acknowledge after all of them have the data, once', async () => {
    await using all = await openAll();
    const file = bundle(60, 5);
    all.fhir.script({ kind: 'hold' });
    await share(all.hospital, file);
    await all.fhir.waitUntil((records) => records.length === 1, WAIT_MS);
    await until(async () => (await inWeb(all)).length === 5 && inFolder(all).length === 5, WAIT_MS, 'the other ones');
    expect(all.hospital.roche.stats().totals.acknowledged).toBe(0);
    all.fhir.release();
    await acknowledged(all.hospital);
    await allHave(all, expected(file));
    expect(all.web.stats()).toMatchObject({ accepted: 1, repeats: 0, refused: 0 });
    expect(all.fhir.transactions()).toHaveLength(1);
  });

  it.each([
    ['credentials that the EMR refuses', 401],
    ['an EMR that is overloaded', 503],
  ])('should pause only the one with %s (%d), and go on when it is right again', async (_, status) => {
    await using all = await openAll();
    all.web.scriptStatus({ status, times: 1000 });
    const file = bundle(61);
    await share(all.hospital, file);
    await isPaused(all.hospital, 'web');
    await othersHave(all, 'web', expected(file));
    expect(await states(all.hospital)).toEqual({ emr: 'open', web: 'paused', fhir: 'open', inbox: 'open' });
    expect(all.hospital.roche.stats().totals.acknowledged).toBe(0);
    all.web.clearStatuses();
    await acknowledged(all.hospital);
    await allHave(all, expected(file));
    expect(all.web.stats()).toMatchObject({ accepted: 1, repeats: 0 });
  });

  it('should pause only the folder while it is away, and write the files when it is back', async () => {
    await using all = await openAll();
    rmSync(all.inbox, { recursive: true });
    const file = bundle(62);
    await share(all.hospital, file);
    await isPaused(all.hospital, 'inbox');
    mkdirSync(all.inbox);
    await acknowledged(all.hospital);
    await allHave(all, expected(file));
  });

  it('should send a transaction again whose answer was lost, and change nothing by it', async () => {
    await using all = await openAll();
    all.fhir.script({ kind: 'drop-after-storing' });
    const file = bundle(63);
    await share(all.hospital, file);
    await acknowledged(all.hospital);
    await allHave(all, expected(file));
    expect(all.fhir.transactions().map((one) => one.stored)).toEqual([true, true]);
    expect(new Set(all.fhir.transactions().map((one) => one.requestId)).size).toBe(1);
  });

  it('should send a message again under its id when the outcome over HTTP is not known', async () => {
    await using all = await openAll();
    all.web.script({ answer: { kind: 'drop-after-storing' } });
    const file = bundle(64);
    await share(all.hospital, file);
    await acknowledged(all.hospital);
    await allHave(all, expected(file));
    expect(all.web.stats()).toMatchObject({ accepted: 2, repeats: 1, controlIds: 1 });
  });

  it('should park a file that one of them refuses, with the issue but not its text, and deliver on retry', async () => {
    await using all = await openAll();
    all.fhir.script({
      kind: 'status',
      status: 422,
      outcome: {
        code: 'business-rule',
        expression: ['Bundle.entry[1].resource.value'],
        diagnostics: 'planted-patient-name',
      },
    });
    const file = bundle(65);
    const { messageId } = await share(all.hospital, file);
    const why = await parked(all.hospital, messageId);
    expect(why).toMatchObject({ errorCode: 'DUCTUS_EMR_REJECTED', failedStep: 'deliver' });
    expect(why.errorMessage).toContain('business-rule');
    expect(why.errorMessage).toContain('Bundle.entry[1].resource.value');
    expect(JSON.stringify(why)).not.toContain('planted');
    expect(await states(all.hospital)).toMatchObject({ fhir: 'open' });
    await repair(all.hospital, messageId, { action: 'retry', from: 'deliver', ...decidedBy });
    await acknowledged(all.hospital);
    await allHave(all, expected(file));
  });

  it('should give each its own form: JSON over HTTP, FHIR as files', async () => {
    const web = new EmrHttpSimulator({ format: 'json' });
    await web.start();
    using temporary = temporaryFolder();
    await using hospital = await openHospital(world, {
      destinations: {
        web: { kind: 'http', url: web.url, format: 'json' },
        inbox: { kind: 'file', folder: temporary.path, format: 'fhir' },
      },
    });
    const file = bundle(66, 4);
    await share(hospital, file);
    await acknowledged(hospital);
    expect(web.stats()).toMatchObject({ accepted: 1, invalid: 0, repeats: 0 });
    const [frame] = await web.frames();
    const names = readdirSync(temporary.path);
    expect(names.map((name) => name.replace(/^[A-Z0-9]+/, ''))).toEqual(['.fhir.json']);
    const written = readFileSync(path.join(temporary.path, names[0] ?? ''), 'utf8');
    for (const each of expected(file)) {
      const [id = ''] = each.split(' ');
      expect(frame?.bytes.toString('utf8')).toContain(id);
      expect(written).toContain(id);
    }
    expect(await stored(hospital)).toEqual(expected(file));
    await web.stop();
  });
});
