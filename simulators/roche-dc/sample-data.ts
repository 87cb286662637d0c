/**
 * Synthetic bundles of blood glucose readings as Roche shares them: same options and seed, same bytes. Bundles with all
 * data types are made in sample-diary.ts.
 */
/// <reference types="fhir" />
import { RandomStream } from '../random';
import { resourcesOf, toBundle, type SampleBundleOptions } from './sample-bundle';
import {
  carbsObservation,
  glucoseObservation,
  insulinAdministration,
  medicationStatement,
  meterResources,
  patientResource,
  samplePatient,
} from './sample-resources';
import type { SamplePatient } from './sample-resources';

export { SAMPLE_AUTHORITY, samplePatient } from './sample-resources';
export type { SamplePatient } from './sample-resources';

export interface BgBundleOptions extends SampleBundleOptions {
  /** A patient, or the number of a synthetic one. */
  readonly patient: SamplePatient | number;
  /** How many blood glucose Observations. */
  readonly count: number;
  readonly seed: number;
  /** Time of the first reading, ISO 8601. */
  readonly start?: string;
  readonly intervalMinutes?: number;
  /** `mixed`: each reading is drawn. */
  readonly unit?: 'mg/dL' | 'mmol/L' | 'mixed';
  /** Share of readings entered by hand. */
  readonly manualShare?: number;
  /** Offset of the device's times, for example `+01:00`; `none`: local times without one. */
  readonly offset?: string;
  /** How many of the readings come as `cancelled` (deleted by the patient). */
  readonly cancelled?: number;
  /** How many carbohydrate Observations. */
  readonly carbs?: number;
  /** How many insulin MedicationAdministrations. */
  readonly insulin?: number;
  /** How many MedicationStatements: health data that is not among the types that Roche shares today (SPECS §1.5). */
  readonly statements?: number;
  /** Whether the meter's Device, DeviceComponent and DeviceMetric come along. */
  readonly devices?: boolean;
}

const DEFAULT_START = '2026-01-05T07:00:00Z';

/** Makes a bundle with a Patient and its blood glucose readings, and what else is asked for. */
export function bgBundle(options: BgBundleOptions): fhir.Bundle {
  const patient = typeof options.patient === 'number' ? samplePatient(options.patient) : options.patient;
  const random = new RandomStream(options.seed, 'bundle', patient.id);
  const start = new Date(options.start ?? DEFAULT_START).getTime();
  const stepMs = (options.intervalMinutes ?? 240) * 60_000;
  const end = new Date(start + Math.max(options.count, 1) * stepMs).toISOString();
  const at = (index: number, shiftMs = 0): string =>
    deviceTime(start + index * stepMs + shiftMs, options.offset ?? '+01:00');
  const event = (index: number, shiftMs = 0) =>
    ({ id: random.uuid(), versionId: 1, lastUpdated: end, at: at(index, shiftMs), patient }) as const;
  const metric = `DeviceMetric/meter-${patient.id}-metric`;
  const cancelled = options.cancelled ?? 0;

  const resources: fhir.Resource[] = [patientResource(patient, end)];
  if (options.devices === true) {
    resources.push(...meterResources(patient, end));
  }
  for (let index = 0; index < options.count; index += 1) {
    const manual = random.next() < (options.manualShare ?? 0.1);
    resources.push(
      glucoseObservation({
        ...event(index),
        milligramsPerDeciliter: random.integer(45, 330),
        unit: options.unit === 'mixed' ? (random.next() < 0.5 ? 'mg/dL' : 'mmol/L') : (options.unit ?? 'mg/dL'),
        status: index >= options.count - cancelled ? 'cancelled' : 'final',
        ...(manual ? {} : { deviceMetric: metric }),
      }),
    );
  }
  for (let index = 0; index < (options.carbs ?? 0); index += 1) {
    resources.push(carbsObservation({ ...event(index, 300_000), grams: random.integer(5, 90) }));
  }
  for (let index = 0; index < (options.insulin ?? 0); index += 1) {
    const units = random.integer(1, 24) / 2;
    resources.push(insulinAdministration({ ...event(index, 600_000), units, status: 'completed' }));
  }
  for (let index = 0; index < (options.statements ?? 0); index += 1) {
    resources.push(medicationStatement(event(index, 900_000)));
  }
  return toBundle(resources, end, random, options);
}

export interface CorrectionOptions {
  readonly seed: number;
  /** How many of the readings get another value. */
  readonly corrected: number;
  /** How many further readings are deleted by the patient. */
  readonly cancelled?: number;
}

/**
 * Makes the delta that follows edits: the same ids with the next `versionId`, another value or status `cancelled`.
 * @param previous a bundle of `bgBundle` (or of this function)
 */
export function correctionBundle(previous: fhir.Bundle, options: CorrectionOptions): fhir.Bundle {
  const random = new RandomStream(options.seed, 'correction', previous.id ?? '');
  const readings = resourcesOf(previous).filter(isReading);
  const wanted = options.corrected + (options.cancelled ?? 0);
  if (wanted > readings.length) {
    throw new Error(`the bundle has ${readings.length} readings, ${wanted} are to be changed`);
  }
  const lastUpdated = new Date(
    new Date(previous.meta?.lastUpdated ?? DEFAULT_START).getTime() + 3_600_000,
  ).toISOString();
  const changed = readings.slice(0, wanted).map((reading, index): fhir.Observation => {
    const quantity = reading.valueQuantity;
    const inMillimoles = quantity?.unit === 'mmol/L';
    const value = inMillimoles ? random.integer(25, 180) / 10 : random.integer(45, 330);
    return {
      ...reading,
      meta: { ...reading.meta, versionId: String(Number(reading.meta?.versionId ?? '1') + 1), lastUpdated },
      ...(index < options.corrected
        ? { status: 'amended', valueQuantity: { ...quantity, value: value === quantity?.value ? value + 1 : value } }
        : { status: 'cancelled' }),
    };
  });
  const others = resourcesOf(previous).filter((resource) => resource.resourceType === 'Patient');
  return toBundle([...others, ...changed], lastUpdated, random, { bundleType: 'collection' });
}

/** One version of a resource, as the EMR should come to know it. */
export interface ResourceVersion {
  /** For example `Observation/…`. */
  readonly reference: string;
  readonly id: string;
  readonly versionId: string;
  readonly status: string;
  readonly value: number | undefined;
  readonly unit: string | undefined;
}

/** The blood glucose readings of a bundle, for comparing with what an EMR received. */
export function readingVersions(bundle: fhir.Bundle): ResourceVersion[] {
  return resourcesOf(bundle)
    .filter(isReading)
    .map((reading) => ({
      reference: `Observation/${reading.id ?? ''}`,
      id: reading.id ?? '',
      versionId: reading.meta?.versionId ?? '',
      status: reading.status,
      value: reading.valueQuantity?.value,
      unit: reading.valueQuantity?.unit,
    }));
}

/**
 * A size from Roche's mix: 75 % up to 500 observations, 12.5 % up to 5,000, 12.5 % up to 12,000 (SPECS §1.4).
 * @param share a number drawn for the group, 0 ≤ n < 1; @param within another for the size within it
 */
export function rocheBundleSize(share: number, within: number): number {
  const [from, to] = share < 0.75 ? [1, 500] : share < 0.875 ? [501, 5000] : [5001, 12_000];
  return from + Math.floor(within * (to - from + 1));
}

function isReading(resource: fhir.Resource): resource is fhir.Observation {
  return (
    resource.resourceType === 'Observation' &&
    resource.meta?.profile?.some((profile) => profile.endsWith('/bg-observation')) === true
  );
}

/** The time a device shows at an offset, with the offset or (`none`) without: then as at +01:00. */
function deviceTime(epochMs: number, offset: string): string {
  const parts = /^([+-])(\d{2}):(\d{2})$/.exec(offset === 'none' ? '+01:00' : offset);
  if (parts === null) {
    return new Date(epochMs).toISOString();
  }
  const minutes = (parts[1] === '-' ? -1 : 1) * (Number(parts[2]) * 60 + Number(parts[3]));
  const local = new Date(epochMs + minutes * 60_000).toISOString().slice(0, 19);
  return offset === 'none' ? local : `${local}${offset}`;
}
