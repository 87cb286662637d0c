/** What Roche's extensions of a MedicationAdministration say: how it was given, and by which device (SPECS §1.5). */
import type { Code, DeviceId } from '../model/reading';
import { codesOf } from './codes';
import { isCoding, isConcept, isReference } from './guards';
import { isObject, isText } from './lossless-json';
import type { Reference } from './shapes';

type Json = Readonly<Record<string, unknown>>;

/** URLs of Roche's extensions, by their ends. */
const ADMIN_TYPE = '/medication-administration-dosage/admin-type';
const PARENT_METRIC = '/parent-device-metric';

export type AdminTypeElement = 'dosage.extension(admin-type)' | 'extension(admin-type)' | undefined;
export type DeviceElement = 'extension(parent-device-metric)' | 'device';

/** Roche's extension, on the dosage or on the resource. */
export function readAdminType(
  raw: Json,
  read: Set<unknown>,
): { readonly code: Code | undefined; readonly element: AdminTypeElement } {
  const onDosage = isObject(raw['dosage']) ? raw['dosage']['extension'] : undefined;
  for (const [extensions, element] of [
    [onDosage, 'dosage.extension(admin-type)'],
    [raw['extension'], 'extension(admin-type)'],
  ] as const) {
    for (const extension of list(extensions)) {
      const code = isObject(extension) && hasUrl(extension, ADMIN_TYPE) ? codeIn(extension) : undefined;
      if (code === undefined) continue;
      read.add(extension);
      return { code, element };
    }
  }
  return { code: undefined, element: undefined };
}

function hasUrl(extension: Json, end: string): boolean {
  return isText(extension['url']) && extension['url'].endsWith(end);
}

/** The guide does not say which of the types it is (SPECS §1.5). */
function codeIn(extension: Json): Code | undefined {
  const { valueCodeableConcept: concept, valueCoding: coding, valueCode: code } = extension;
  if (isConcept(concept)) return codesOf(concept)[0];
  if (isCoding(coding)) return codesOf({ coding: [coding] })[0];
  return isText(code) && code !== '' ? { system: undefined, code, display: undefined } : undefined;
}

export interface FoundDevice {
  readonly id: DeviceId | undefined;
  readonly element: DeviceElement;
  /** False when the resource names devices that the reading does not have. */
  readonly isRead: boolean;
}

/** Roche's extension, else `device`: a list, of which a reading has room for one. */
export function readDevice(
  raw: Json,
  deviceOf: (reference: Reference) => DeviceId | undefined,
  read: Set<unknown>,
): FoundDevice {
  const devices =
    raw['device'] === undefined ? [] : Array.isArray(raw['device']) ? list(raw['device']) : [raw['device']];
  for (const extension of list(raw['extension'])) {
    if (!isObject(extension) || !hasUrl(extension, PARENT_METRIC) || !isReference(extension['valueReference']))
      continue;
    const id = deviceOf(extension['valueReference']);
    if (id === undefined) continue;
    read.add(extension);
    return { id, element: 'extension(parent-device-metric)', isRead: devices.length === 0 };
  }
  const [first] = devices;
  const id = isReference(first) ? deviceOf(first) : undefined;
  return { id, element: 'device', isRead: devices.length === (id === undefined ? 0 : 1) };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
