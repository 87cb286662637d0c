/** Reads a message through the door, and maps it. */
import {
  toRocheBundle,
  readAdt,
  type Hl7Refusal,
  type RocheContext,
  type PatientSyncSettings,
  type ReadChange,
} from '../../../src/transforms/adt-to-fhir';
import type { Stu3Resource } from '../../../src/transforms/adt-to-fhir/stu3';
import { adt } from './messages';
import { testSettings } from './settings';

export const CONTEXT: RocheContext = { organizationOid: '2.999.1', timestampMs: Date.UTC(2026, 2, 1, 12) };

/** What PID has beside the fields that a test gives. */
const USUAL_PID: Readonly<Record<number, string>> = { 1: '1', 3: '4711^^^HOSP^MR', 5: 'Muster^Maxi' };

export interface Parts {
  readonly msh?: Readonly<Record<number, string>>;
  readonly evn?: Readonly<Record<number, string>>;
  readonly pid?: Readonly<Record<number, string>>;
  /** Segments behind PID. */
  readonly more?: readonly string[];
}

/** A message whose fields are the usual ones where nothing is said. */
export function message({ msh = {}, evn = {}, pid = {}, more = [] }: Parts = {}): string {
  const header = { 7: '20260301120000+0100', 9: 'ADT^A08^ADT_A01', 10: 'ID1', 11: 'P', 12: '2.5', ...msh };
  return adt(
    `MSH|^~\\&|${fields(header, 3)}`,
    `EVN|${fields({ 2: '20260301115900+0100', ...evn }, 1)}`,
    `PID|${fields({ ...USUAL_PID, ...pid }, 1)}`,
    ...more,
  );
}

function fields(values: Readonly<Record<number, string>>, from: number): string {
  const last = Math.max(...Object.keys(values).map(Number));
  return Array.from({ length: last - from + 1 }, (_, position) => values[position + from] ?? '').join('|');
}

/** @throws when it is refused */
export function taken(text: string, settings: PatientSyncSettings = testSettings()): ReadChange {
  const reading = readAdt(text, settings);
  if (reading.ok) return reading.change;
  throw new Error(`refused: ${reading.refusal.text}`);
}

/** @throws when it is taken */
export function refusal(text: string, settings: PatientSyncSettings = testSettings()): Hl7Refusal {
  const reading = readAdt(text, settings);
  if (!reading.ok) return reading.refusal;
  throw new Error('the message was taken');
}

/** The Patient of the Bundle of a message with these parts. */
export function patientOf(parts: Parts, settings?: PatientSyncSettings): Stu3Resource {
  const [patient] = resourcesOf('Patient', message(parts), settings);
  if (patient === undefined) throw new Error('no Patient');
  return patient;
}

/** The Conditions of the Bundle of a message with these DG1. */
export function conditionsOf(dg1: readonly string[], settings?: PatientSyncSettings): Stu3Resource[] {
  return resourcesOf('Condition', message({ more: dg1 }), settings);
}

function resourcesOf(type: string, text: string, settings: PatientSyncSettings = testSettings()): Stu3Resource[] {
  const { bundle } = toRocheBundle([taken(text, settings).content], settings, CONTEXT);
  return bundle.entry.map(({ resource }) => resource).filter(({ resourceType }) => resourceType === type);
}
