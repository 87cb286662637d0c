/** Messages of the JSON form: for each patient one document, or several when there are very many items. */
import { MessageControlIdSchema } from '../../domain/identifiers';
import { toJson } from '../fhir-bundle/lossless-json';
import { withinStack } from '../fhir-bundle/shapes';
import { byPatient, inParts } from '../model/by-patient';
import { countKinds } from '../model/counts';
import type { Item } from '../model/item';
import type { MappedMessage, WriteContext } from '../model/message';
import type { PatientContext } from '../model/patient';
import { shortHash } from '../model/short-hash';
import { TimeZone } from '../model/time-zone';
import type { FieldRule, Trace } from '../model/trace';
import { jsonItem, jsonPatient } from './items';
import { JSON_FORM } from './schema';

/** As for the other forms: a receiver need not take 12,000 items at once. */
const MAX_ITEMS = 500;

/**
 * The same input gives the same bytes.
 * @param timeZone IANA zone of times that come without an offset
 * @param maxItems most items of a document
 */
export function itemsToJson(
  items: readonly Item[],
  timeZone: string,
  context: WriteContext,
  maxItems = MAX_ITEMS,
): MappedMessage[] {
  const zone = new TimeZone(timeZone);
  const messages: MappedMessage[] = [];
  for (const { patient, items: own } of byPatient(items)) {
    for (const some of inParts(own, maxItems)) {
      const trace = context.traceOf?.(messages.length);
      messages.push({
        ...write(some, patient, zone, context, trace),
        form: 'json',
        references: some.flatMap(({ references }) => references),
        patient: patient.key,
        kinds: countKinds(some),
      });
    }
  }
  return messages;
}

function write(
  items: readonly Item[],
  patient: PatientContext,
  zone: TimeZone,
  { createdAtMs, seed }: WriteContext,
  trace: Trace | undefined,
): Pick<MappedMessage, 'controlId' | 'text'> {
  const createdAt = new Date(createdAtMs).toISOString();
  const content = { patient: jsonPatient(patient), items: items.map((item) => jsonItem(item, zone)) };
  if (trace !== undefined) traceContent(trace, items, patient, content);
  const body = withinStack('Bundle', () => toJson({ createdAt, ...content })).slice(1);
  const controlId = MessageControlIdSchema.parse(shortHash(`${seed.length} ${seed}${body}`, 20));
  const head = JSON.stringify({ schema: JSON_FORM, messageId: controlId }).slice(0, -1);
  return { controlId, text: `${head},${body}` };
}

/** Where the members come from. Names of an item's members are those of the clinical model. */
export const JSON_RULES = [
  {
    id: 'json-patient',
    target: 'patient',
    source: 'the Patient, or the reference to it; the patient registry',
    why: 'the number that the hospital knows stands first',
  },
  {
    id: 'json-item',
    target: 'items[n]',
    source: 'the resource',
    why: 'an item is what the resource says, without the syntax of FHIR',
  },
  {
    id: 'json-status',
    target: 'items[n].status',
    source: 'status, and what the destination has',
    why: 'a later version of what the destination has corrects it, one that is cancelled removes it',
  },
  {
    id: 'json-remark',
    target: 'items[n].remarks',
    source: 'what Ductus did',
    why: 'a conversion is said beside the value',
  },
] as const satisfies readonly Pick<FieldRule<never>, 'id' | 'target' | 'source' | 'why'>[];

function traceContent(
  trace: Trace,
  items: readonly Item[],
  patient: PatientContext,
  content: { readonly patient: unknown; readonly items: readonly { readonly status: string }[] },
): void {
  trace.add({ target: 'patient', text: toJson(content.patient), rule: 'json-patient', from: [patient.path] });
  items.forEach(({ path, content: source }, position) => {
    const target = `items[${position}]`;
    const written = content.items[position];
    const elements = source.kind === 'reading' ? source.reading.elements : {};
    const at = (element: string | undefined): string[] => (element === undefined ? [] : [`${path}.${element}`]);
    trace.add({ target, text: toJson(written), rule: 'json-item', from: [path] });
    trace.add({
      target: `${target}.status`,
      text: written?.status ?? '',
      rule: 'json-status',
      from: at(elements.status ?? 'status'),
    });
    if (source.kind !== 'reading') return;
    const { reading } = source;
    for (const [member, element, text] of [
      ['codes', elements.codes, toJson(reading.codes)],
      ['value', elements.value, reading.value?.number],
      ['comparator', elements.comparator, reading.value?.comparator],
      ['unit', elements.unit, reading.unit],
      ['start', elements.start, reading.start?.digits],
      ['end', elements.end, reading.end?.digits],
      ['device', elements.device, reading.device?.value],
    ] as const) {
      if (text !== undefined && element !== undefined) {
        trace.add({ target: `${target}.${member}`, text, rule: 'json-item', from: at(element) });
      }
    }
    reading.comments.forEach((text, index) => {
      trace.add({ target: `${target}.comments[${index}]`, text, rule: 'json-item', from: at(elements.comments) });
    });
    (reading.remarks ?? []).forEach((text, index) => {
      trace.add({ target: `${target}.remarks[${index}]`, text, rule: 'json-remark', from: at(elements.value) });
    });
  });
}
