/**
 * A synthetic diary: what a person with diabetes shares of some days, with all four data types of Roche's profiles and
 * the relations between them. Same options and seed, same bytes.
 */
/// <reference types="fhir" />
import { RandomStream } from '../random';
import { sampleBundle, type SampleBundleOptions } from './sample-bundle';
import { deviceMetric, deviceResources, type SampleDeviceKind } from './sample-devices';
import { insulinDose, type InsulinDose, type InsulinKind } from './sample-insulin';
import {
  carbsObservation,
  glucoseObservation,
  patientResource,
  samplePatient,
  type GlucoseReading,
  type SampleEvent,
  type SamplePatient,
} from './sample-resources';
import { ZoneClock, type TimeStyle } from './sample-times';

export interface DiaryOptions extends SampleBundleOptions {
  /** A patient, or the number of a synthetic one. */
  readonly patient: SamplePatient | number;
  readonly seed: number;
  /** The first event, an instant in ISO 8601. */
  readonly start: string;
  /** Each brings a measurement, what was eaten, and insulin for it. */
  readonly meals: number;
  /** Time from one meal to the next; default: 6 hours. */
  readonly hoursBetween?: number;
  /** Readings of a glucose sensor, five minutes apart, from the start; default: none. */
  readonly sensorReadings?: number;
  /** Where insulin comes from; default: `pump`. */
  readonly therapy?: 'pump' | 'pen';
  /** IANA zone of the person's clocks; default: Europe/Berlin. */
  readonly timeZone?: string;
  /** How devices write times; default: `mixed`, each event one of the three. */
  readonly times?: TimeStyle | 'mixed';
  /**
   * Whether clocks without a time zone were set before the diary and not since: what a meter does that nobody looked
   * after in the night when clocks change. Default: they are always right.
   */
  readonly clocksUntouched?: boolean;
}

const STYLES = ['offset', 'utc', 'bare'] as const;
const HOUR = 3_600_000;
/** What a pump gives, meal by meal. */
const BOLUSES = ['bolusStd', 'bolusExt', 'bolusMul'] as const;
/** Characters that have a meaning in HL7 v2, letters outside of ASCII and of the Basic Multilingual Plane. */
const COMMENTS = ['before sport', 'gefühlt zu hoch | 2 × gemessen', 'Müsli & Milch', 'pizza ^ later \\ 🍕'];

/** Makes the diary of a patient. */
export function diaryBundle(options: DiaryOptions): fhir.Bundle {
  return sampleBundle(new Diary(options).resources(), options, options.seed);
}

class Diary {
  readonly #options: DiaryOptions;
  readonly #patient: SamplePatient;
  readonly #random: RandomStream;
  readonly #clock: ZoneClock;
  readonly #start: number;
  readonly #step: number;
  readonly #lastUpdated: string;

  constructor(options: DiaryOptions) {
    const { patient, seed, start, meals, hoursBetween = 6, timeZone = 'Europe/Berlin' } = options;
    this.#options = options;
    this.#patient = typeof patient === 'number' ? samplePatient(patient) : patient;
    this.#random = new RandomStream(seed, 'diary', this.#patient.id);
    this.#clock = new ZoneClock(timeZone);
    this.#start = new Date(start).getTime();
    this.#step = hoursBetween * HOUR;
    this.#lastUpdated = new Date(this.#start + Math.max(meals, 1) * this.#step).toISOString();
  }

  resources(): fhir.Resource[] {
    const { meals, sensorReadings = 0, therapy = 'pump' } = this.#options;
    const devices: readonly SampleDeviceKind[] = [
      'meter',
      ...(sensorReadings > 0 ? (['sensor'] as const) : []),
      ...(therapy === 'pump' ? (['pump'] as const) : []),
    ];
    return [
      patientResource(this.#patient, this.#lastUpdated),
      ...devices.flatMap((kind) => deviceResources({ kind, patient: this.#patient, lastUpdated: this.#lastUpdated })),
      ...Array.from({ length: meals }, (_, meal) => this.#meal(meal)).flat(),
      ...Array.from({ length: sensorReadings }, (_, index) => this.#sensorReading(index)),
    ];
  }

  /** Carbohydrates, the measurement that they belong to, and the insulin for both. */
  #meal(meal: number): fhir.Resource[] {
    const at = this.#start + meal * this.#step;
    const carbs = carbsObservation({
      ...this.#event(at + 5 * 60_000),
      grams: this.#random.integer(5, 90),
      measured: meal % 3 === 2,
      ...this.#comment(meal + 2),
    });
    const glucose = glucoseObservation({
      ...this.#event(at),
      ...this.#glucose(),
      members: [`Observation/${carbs.id ?? ''}`],
      // Every fourth is typed in by hand.
      ...(meal % 4 === 3 ? {} : { deviceMetric: deviceMetric('meter', this.#patient) }),
      ...this.#comment(meal),
    });
    return [glucose, carbs, ...this.#insulin(meal, at + 10 * 60_000)];
  }

  #insulin(meal: number, at: number): fhir.Resource[] {
    if (this.#options.therapy === 'pen') {
      const kinds: readonly InsulinKind[] = meal % 2 === 0 ? ['rapid', 'longActing'] : ['mixed'];
      return kinds.map((kind, index) => this.#dose(kind, at + index * 60_000, undefined));
    }
    const bolus = BOLUSES[meal % BOLUSES.length] ?? 'bolusStd';
    return [
      this.#dose(bolus, at, bolus === 'bolusStd' ? undefined : at + 2 * HOUR),
      this.#dose('basal', at, at + this.#step),
    ];
  }

  #dose(kind: InsulinKind, at: number, until: number | undefined): fhir.MedicationAdministration {
    const style = this.#style();
    const byPump = this.#options.therapy !== 'pen';
    const dose: InsulinDose = {
      ...this.#event(at, style),
      kind,
      // Half units; a pump's rate goes by hundredths.
      units: kind === 'basal' ? this.#random.integer(20, 250) / 100 : this.#random.integer(1, 24) / 2,
      status: 'completed',
      ...(until === undefined ? {} : { until: this.#at(until, style) }),
      ...(byPump ? { deviceMetric: deviceMetric('pump', this.#patient) } : {}),
      ...(kind === 'bolusExt' ? this.#comment(3) : {}),
    };
    return insulinDose(dose);
  }

  #sensorReading(index: number): fhir.Observation {
    return glucoseObservation({
      ...this.#event(this.#start + index * 5 * 60_000),
      ...this.#glucose(),
      interstitial: true,
      deviceMetric: deviceMetric('sensor', this.#patient),
    });
  }

  #glucose(): Pick<GlucoseReading, 'milligramsPerDeciliter' | 'unit' | 'status'> {
    return {
      milligramsPerDeciliter: this.#random.integer(45, 330),
      unit: this.#random.next() < 0.5 ? 'mg/dL' : 'mmol/L',
      status: 'final',
    };
  }

  #event(epochMs: number, style = this.#style()): SampleEvent {
    return {
      id: this.#random.uuid(),
      versionId: 1,
      lastUpdated: this.#lastUpdated,
      at: this.#at(epochMs, style),
      patient: this.#patient,
    };
  }

  #at(epochMs: number, style: TimeStyle): string {
    return this.#clock.write(epochMs, style, this.#options.clocksUntouched === true ? this.#start : epochMs);
  }

  #style(): TimeStyle {
    const { times = 'mixed' } = this.#options;
    return times === 'mixed' ? (STYLES[this.#random.integer(0, 2)] ?? 'offset') : times;
  }

  #comment(index: number): { comment?: string } {
    const comment = COMMENTS[index % (COMMENTS.length * 2)];
    return comment === undefined ? {} : { comment };
  }
}
