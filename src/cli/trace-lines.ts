/** Lineage for people: under each field of a message what it was made of, by which rule, and why. */
import { parseLossless } from '../transforms/fhir-bundle/lossless-json';
import type { MessageForm } from '../transforms/model/message';
import type { Trace, TracedField } from '../transforms/model/trace';
import type { RuleReasons } from './rule-reasons';

/** Collects what the writers say about each message (WriteContext.traceOf). */
export class Lineage {
  readonly #fields = new Map<number, TracedField[]>();

  /** @param position of the message among those of the file, from 0 */
  readonly traceOf = (position: number): Trace => {
    const fields: TracedField[] = [];
    this.#fields.set(position, fields);
    return { add: (field) => fields.push(field) };
  };

  fieldsOf(position: number): readonly TracedField[] {
    return this.#fields.get(position) ?? [];
  }
}

/** Longer texts are shown by their beginning: a carried resource has thousands of characters. */
const MAX_SHOWN = 100;

/**
 * A message as lines: HL7 segment by segment, other forms as JSON with indents, and with lineage under each segment or
 * at the end.
 * @param fields lineage; empty: none is shown
 */
export function messageLines(
  form: MessageForm,
  text: string,
  fields: readonly TracedField[],
  reasons: RuleReasons,
): string[] {
  if (form === 'hl7') return segmentLines(text, fields, reasons);
  return [...indented(text).split('\n'), ...fields.map((field) => fieldLine(field, reasons))];
}

/** One line for a field: `  OBX-5  104 ← Bundle.entry[1].resource.valueQuantity.value (obx-5: why)`. */
export function fieldLine({ target, text, rule, from }: TracedField, reasons: RuleReasons): string {
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text;
  const reason = reasons.get(rule);
  const source = from.length > 0 ? from.join(', ') : (reason?.source ?? 'nothing of the file');
  return `    ${target}  ${shown} ← ${source} (${rule}${reason === undefined ? '' : `: ${reason.why}`})`;
}

function segmentLines(text: string, fields: readonly TracedField[], reasons: RuleReasons): string[] {
  const bySegment = new Map<string, TracedField[]>();
  for (const field of fields) {
    const [segment = ''] = field.target.split('-');
    const known = bySegment.get(segment);
    if (known === undefined) bySegment.set(segment, [field]);
    else known.push(field);
  }
  const counts = new Map<string, number>();
  const lines: string[] = [];
  for (const segment of text.split('\r')) {
    if (segment === '') continue;
    const name = segment.slice(0, 3);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    lines.push(`  ${segment}`);
    const place = count === 1 ? name : `${name}[${count}]`;
    for (const field of bySegment.get(place) ?? []) lines.push(fieldLine(field, reasons));
  }
  return lines;
}

/** JSON with indents, and every number with its digits: `5.0` stays `5.0`. */
function indented(text: string): string {
  return JSON.stringify(parseLossless(text), null, 2).replace(/"\\u0001(-?[0-9][0-9.eE+-]*)"/g, '$1');
}
