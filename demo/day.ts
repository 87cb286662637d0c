/** What scenes of the sample day are made of: sharing a file, waiting for something, a pause. */
/// <reference types="fhir" />
import { setTimeout as sleep } from 'node:timers/promises';
import { bgBundle, type BgBundleOptions, type SamplePatient } from '../simulators/roche-dc/sample-data';
import { diaryBundle, type DiaryOptions } from '../simulators/roche-dc/sample-diary';
import type { ShareRequest } from '../simulators/roche-dc/roche-simulator';
import type { NotificationStats, RocheStats } from '../simulators/roche-dc/statistics';
import { RandomStream } from '../simulators/random';
import type { CommandResult } from './ductus-command';
import { DemoError } from './demo-error';
import type { DemoEmr } from './emr';
import type { DemoHis } from './his';
import type { Narrator } from './narrator';
import type { DemoOrganization } from './organizations';
import type { PatientCounts } from './patient-counts';
import type { DemoRoche } from './roche';

export interface DayParts {
  readonly roche: DemoRoche;
  readonly emr: DemoEmr;
  readonly his: (organization: DemoOrganization) => DemoHis;
  /** How the patients stand, by the simulators. */
  readonly patients: () => PatientCounts;
  /** Patient numbers of all messages that the EMRs accepted so far. */
  readonly emrNumbers: () => ReadonlySet<string>;
  readonly tell: Narrator;
  /** Tells what the simulators have seen, so that it comes before what a scene says about it. */
  readonly look: () => Promise<void>;
  /** Runs an operator's command, as the reader could. */
  readonly ductus: (args: readonly string[]) => Promise<CommandResult>;
  /** Writes a file into the demo's folder. @returns its path */
  readonly file: (name: string, text: string) => string;
  /** How the reader would type `ductus`. */
  readonly command: string;
  /** Page of a workflow in the Temporal Web UI; undefined: the demo does not run one. */
  readonly page: (workflowId: string) => string | undefined;
  /** How long a scene waits for what it shows. */
  readonly patienceMs: number;
  /** Time for the reader to read a command before it runs. */
  readonly readingMs: number;
  readonly signal: AbortSignal;
}

/** A file of the day, kept for what comes later. */
export interface DayFile {
  readonly messageId: string;
  readonly organization: DemoOrganization;
}

/** A bundle, to be edited afterwards. */
export interface DayBundle extends DayFile {
  readonly bundle: fhir.Bundle;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** One reading every five minutes, as a sensor has them: 12,000 fit into six weeks. */
const INTERVAL_MINUTES = 5;
const HOUR_MS = 60 * 60 * 1000;
const HOURS_BETWEEN_MEALS = 6;

export class Day {
  readonly parts: DayParts;
  readonly random: RandomStream;
  readonly #begin = Date.now();
  #shared = 0;

  constructor(parts: DayParts) {
    this.parts = parts;
    this.random = new RandomStream(parts.roche.seed, 'sample day');
  }

  /** One of the hospital's patients as Roche names them: as the HIS registered them, if it did. */
  patient(organization: DemoOrganization, patient: number): SamplePatient | number {
    return this.parts.his(organization).sampled(patient) ?? organization.firstPatient + patient;
  }

  /** A bundle with nothing but readings of one of the hospital's patients. */
  readings(
    organization: DemoOrganization,
    patient: number,
    count: number,
    more: Partial<BgBundleOptions> = {},
  ): fhir.Bundle {
    return bgBundle({
      patient: this.patient(organization, patient),
      count,
      seed: this.#seed(),
      start: this.#before(count * INTERVAL_MINUTES * 60_000),
      intervalMinutes: INTERVAL_MINUTES,
      unit: 'mixed',
      ...more,
    });
  }

  /** The diary of one of the hospital's patients: all data types, with the devices. */
  diary(organization: DemoOrganization, patient: number, meals: number, more: Partial<DiaryOptions> = {}): fhir.Bundle {
    return diaryBundle({
      patient: this.patient(organization, patient),
      seed: this.#seed(),
      start: this.#before(meals * HOURS_BETWEEN_MEALS * HOUR_MS),
      meals,
      hoursBetween: HOURS_BETWEEN_MEALS,
      therapy: patient % 2 === 0 ? 'pump' : 'pen',
      timeZone: organization.timeZone,
      ...more,
    });
  }

  /** Shares a bundle, by one way of retrieval and the other in turn. Returns when the first notification is answered. */
  async share(organization: DemoOrganization, bundle: fhir.Bundle): Promise<DayBundle> {
    return { ...(await this.#share(organization, { bundle })), bundle };
  }

  /** Shares a report. */
  async shareReport(organization: DemoOrganization, document: Uint8Array): Promise<DayFile> {
    return this.#share(organization, { bundle: document, messageType: 'Clinical Report' });
  }

  async #share(organization: DemoOrganization, file: Pick<ShareRequest, 'bundle' | 'messageType'>): Promise<DayFile> {
    this.parts.signal.throwIfAborted();
    this.#shared += 1;
    const option = this.#shared % 2 === 0 ? 'presigned-url' : 'access-point';
    const { messageId } = await this.parts.roche.share({ organization: organization.emrOid, option, ...file });
    return { messageId, organization };
  }

  /** An instant so long before the end of yesterday's data. */
  #before(milliseconds: number): string {
    const end = Math.floor((this.#begin - DAY_MS) / 60_000) * 60_000;
    return new Date(end - milliseconds).toISOString();
  }

  #seed(): number {
    return this.random.integer(0, 2 ** 31);
  }

  async pause(milliseconds: number): Promise<void> {
    const { signal } = this.parts;
    await sleep(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted());
  }

  /** Waits for something that Roche sees. @throws DemoError when it does not happen in time */
  async roche(what: string, condition: (stats: RocheStats) => boolean): Promise<RocheStats> {
    return this.#within(what, this.parts.roche.waitUntil(condition, this.parts.patienceMs));
  }

  /** Waits for something that Roche's patient services see. */
  async patients(what: string, condition: (counts: PatientCounts) => boolean): Promise<void> {
    const { roche, patients, patienceMs } = this.parts;
    await this.#within(
      what,
      roche.waitUntilPatients(() => condition(patients()), patienceMs),
    );
  }

  /** Waits for something that the EMR sees. */
  async emr(what: string, condition: (stats: ReturnType<DemoEmr['simulator']['stats']>) => boolean): Promise<void> {
    await this.#within(what, this.parts.emr.simulator.waitUntil(condition, this.parts.patienceMs));
  }

  /** Waits until everything is acknowledged but some. */
  async allAcknowledged(but: readonly DayFile[] = []): Promise<void> {
    const left = new Set(but.map((file) => file.messageId));
    await this.roche('an ACK of everything', ({ notifications }) =>
      notifications.every((one) => left.has(one.messageId) || isAnswered(one)),
    );
  }

  async #within<T>(what: string, waiting: Promise<T>): Promise<T> {
    const { signal, patienceMs } = this.parts;
    const stopped = new AbortController();
    try {
      const found = await Promise.race([waiting, whenAborted(signal, stopped.signal)]);
      await this.parts.look();
      return found;
    } catch (error) {
      signal.throwIfAborted();
      throw new DemoError(
        `Waited ${String(patienceMs / 1000)} s for ${what}, and it did not come.`,
        'What Ductus says about it stands in ductus.log of the data folder.',
        { cause: error },
      );
    } finally {
      stopped.abort();
      waiting.catch(() => undefined);
    }
  }
}

/** Whether the newest POST of a notification is acknowledged. */
export function isAnswered({ acks, attempts }: NotificationStats): boolean {
  return acks.some((ack) => ack.attempt === attempts.length);
}

/** Rejects when `signal` is aborted; forgets about it when `until` is. */
async function whenAborted(signal: AbortSignal, until: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { signal: until });
  });
}
