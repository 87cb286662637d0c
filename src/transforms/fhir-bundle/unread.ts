/**
 * Elements that hold something and that no mapping reads: what a clinician would miss and nobody would notice. What is
 * in none of the tables of known-elements.ts is named, as in `Observation.bodySite` or `Observation.extension(meal)`.
 * Names come from the sender and go into logs and counts, so only those go there that have the form of a name.
 */
import {
  ADMINISTRATIONS,
  COMPONENT,
  DEVICE,
  METRIC,
  OBSERVATIONS,
  type DoseElement,
  type Known,
  type ObservationValue,
} from './known-elements';
import { isObject, isText } from './lossless-json';

export type { DoseElement } from './known-elements';

type Json = Readonly<Record<string, unknown>>;

/** The same array for all resources that have none. */
export const NOTHING_UNREAD: readonly string[] = [];

/** @param value the element that the reading has its value from */
export function unreadOfObservation(raw: Json, value: ObservationValue = 'valueQuantity'): readonly string[] {
  return unreadOf(raw, 'Observation', OBSERVATIONS[value], NO_EXTENSIONS);
}

/**
 * @param read the amount that the reading has; undefined in a deletion without one
 * @param extensions those that were read
 */
export function unreadOfAdministration(
  raw: Json,
  read: DoseElement | undefined,
  extensions: ReadonlySet<unknown>,
): readonly string[] {
  return unreadOf(raw, 'MedicationAdministration', ADMINISTRATIONS[read ?? 'dose'], extensions);
}

/** Device, or a DeviceComponent or DeviceMetric that was read with it. */
export function unreadOfDevice(raw: Json, type: string): readonly string[] {
  const known = type === 'Device' ? DEVICE : type === 'DeviceComponent' ? COMPONENT : METRIC;
  return unreadOf(raw, type, known, NO_EXTENSIONS);
}

/** True for an extension that changes the meaning of what it stands in: FHIR forbids to read on as if it were not there. */
export function hasModifier(element: Json): boolean {
  return holdsSomething(element['modifierExtension']);
}

const NO_EXTENSIONS: ReadonlySet<unknown> = new Set();
const ELEMENT_NAME = /^[A-Za-z]{1,40}$/;
const EXTENSION_NAME = /(?:^|\/)([A-Za-z0-9-]{1,40})$/;
/** Stands for names that are none. */
const OTHER = '(other)';

/** One walk through a resource. */
interface Walk {
  readonly extensions: ReadonlySet<unknown>;
  readonly names: string[];
}

function unreadOf(raw: Json, type: string, known: Known, extensions: ReadonlySet<unknown>): readonly string[] {
  const names: string[] = [];
  look(raw, type, known, { extensions, names });
  if (isObject(raw['text']) && raw['text']['status'] === 'additional') names.push(`${type}.text`);
  if (Array.isArray(raw['contained']) && !areReferenced(raw['contained'], raw)) names.push(`${type}.contained`);
  return names.length === 0 ? NOTHING_UNREAD : [...new Set(names)];
}

function look(element: Json, path: string, known: Known, walk: Walk): void {
  for (const name in element) {
    const what = known.get(name);
    if (typeof what === 'object') {
      lookInside(element[name], path, name, what.inside, walk);
    } else if (name === 'extension') {
      lookAtExtensions(element[name], path, walk);
    } else if (what === undefined) {
      lookAtUnknown(name, element[name], path, walk);
    }
  }
}

function lookInside(value: unknown, path: string, name: string, known: Known, walk: Walk): void {
  if (Array.isArray(value)) {
    for (const item of value) lookInside(item, path, name, known, walk);
  } else if (isObject(value)) {
    // The path is only needed for what is found, and in most resources nothing is.
    for (const member in value) {
      if (known.get(member) === undefined || typeof known.get(member) === 'object' || member === 'extension') {
        look(value, `${path}.${name}`, known, walk);
        return;
      }
    }
  }
}

function lookAtUnknown(name: string, value: unknown, path: string, walk: Walk): void {
  // Ids of elements name nothing outside of the resource.
  if (name === 'id' || !holdsSomething(value)) return;
  if (name.startsWith('_')) {
    const target = path + step(name.slice(1));
    for (const part of Array.isArray(value) ? value : [value]) {
      if (isObject(part)) lookAtExtensions(part['extension'], target, walk);
    }
  } else {
    walk.names.push(path + step(name));
  }
}

function lookAtExtensions(value: unknown, path: string, { extensions, names }: Walk): void {
  if (!Array.isArray(value)) {
    if (holdsSomething(value)) names.push(`${path}.extension${OTHER}`);
    return;
  }
  for (const extension of value) {
    if (extensions.has(extension)) continue;
    const url: unknown = isObject(extension) ? extension['url'] : undefined;
    const name = isText(url) ? EXTENSION_NAME.exec(url)?.[1] : undefined;
    names.push(`${path}.extension${name === undefined ? OTHER : `(${name})`}`);
  }
}

function step(name: string): string {
  return `.${ELEMENT_NAME.test(name) ? name : OTHER}`;
}

function holdsSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isObject(value) || Object.keys(value).length > 0;
}

/** True when something in the resource leads to each of what it contains. */
function areReferenced(contained: readonly unknown[], raw: Json): boolean {
  const references = new Set(JSON.stringify(raw).match(/"#[^"\\]{1,64}"/g));
  return contained.every((inner) => {
    const id = isObject(inner) ? inner['id'] : undefined;
    return isText(id) && references.has(`"#${id}"`);
  });
}
