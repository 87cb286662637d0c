/** FHIR transactions and documents of the JSON form by resource. */
import { isObject, parseLossless, decimalSource } from '../fhir-bundle/lossless-json';
import type { Change } from './hl7-units';
import type { Part, Unit } from './units';

/** Of a resource, says when and how it was stored, not what it says. */
const WITHOUT: ReadonlySet<string> = new Set(['lastUpdated', 'versionId']);
/** Differ since it is sent again (FHIR R4 value set observation-status; statuses of the JSON form). */
const STANDING: ReadonlySet<string> = new Set('final corrected amended preliminary new correction'.split(' '));

type JsonObject = Readonly<Record<string, unknown>>;

/** Takes a document apart: a FHIR transaction, or the JSON form with the patient and a list of items. */
export function jsonUnits(text: string): readonly Unit[] {
  const document = parseLossless(text);
  if (!isObject(document)) return [];
  const { entry, items, patient } = document;
  if (Array.isArray(items)) {
    const context = partOf('patient', patient);
    return items.filter(isObject).map((item) => ({ key: textOf(item['id']) ?? '', parts: [context, itemPart(item)] }));
  }
  const entries = Array.isArray(entry) ? entry.filter(isObject) : [];
  const keys = new Map(entries.map((each) => [textOf(each['fullUrl']) ?? '', entryKey(each)]));
  return entries.map((each) => {
    const { resource } = each;
    const type = isObject(resource) ? textOf(resource['resourceType']) : undefined;
    return {
      key: entryKey(each),
      parts: [
        // How it is stored counts: a PUT or a DELETE.
        partOf('request', { method: requestOf(each)['method'] }),
        { label: type ?? 'resource', text: JSON.stringify(normalized(withTypes(resource, keys), '')) },
      ],
    };
  });
}

function itemPart({ source: _, ...item }: JsonObject): Part {
  return partOf('item', item);
}

function requestOf({ request }: JsonObject): JsonObject {
  return isObject(request) ? request : {};
}

function entryKey(entry: JsonObject): string {
  const { url, ifNoneExist } = requestOf(entry);
  return [textOf(url), textOf(ifNoneExist)].filter((part) => part !== undefined).join('?');
}

/**
 * A reference to another resource of the file is an address where that stands in the same transaction and an identifier
 * where it does not. Of both the type is compared; what they lead to is compared by itself.
 */
function withTypes(value: unknown, keys: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((each) => withTypes(each, keys));
  if (!isObject(value)) return value;
  const { reference, type, identifier, ...rest } = value;
  if (typeof reference === 'string') return { ...rest, reference: keys.get(reference)?.split(/[?/]/)[0] ?? reference };
  if (isObject(identifier) && typeof type === 'string' && TYPE.test(type)) return { ...rest, reference: type };
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withTypes(each, keys)]));
}

const TYPE = /^[A-Z][A-Za-z]+$/;

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function partOf(label: string, value: unknown): Part {
  return { label, text: JSON.stringify(normalized(value, '')) };
}

function normalized(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((each) => normalized(each, ''));
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => !WITHOUT.has(key))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, each]) => [key, normalized(each, key)]),
    );
  }
  return name === 'status' && typeof value === 'string' && STANDING.has(value) ? 'final' : value;
}

/** Compares two parts by element. */
export function compareJson(label: string, before: string, after: string): readonly Change[] {
  const [old, now] = [leaves(label, before), leaves(label, after)];
  const changes: Change[] = [];
  for (const [field, text] of old) {
    const other = now.get(field) ?? '';
    if (other !== text) changes.push({ field, before: text, after: other });
  }
  for (const [field, text] of now) if (!old.has(field)) changes.push({ field, before: '', after: text });
  return changes;
}

function leaves(label: string, text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const walk = (path: string, value: unknown): void => {
    if (Array.isArray(value)) value.forEach((each, index) => walk(`${path}[${String(index)}]`, each));
    else if (isObject(value)) for (const [key, each] of Object.entries(value)) walk(`${path}.${key}`, each);
    else found.set(path, decimalSource(value) ?? (typeof value === 'string' ? value : JSON.stringify(value)));
  };
  walk(label, JSON.parse(text));
  return found;
}
