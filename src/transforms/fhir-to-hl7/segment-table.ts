/**
 * A segment as a table of rules, one for each field. The same table writes the segment, gives its lineage and becomes
 * a table of docs/guide/mapping.md, so that the three cannot differ.
 */
import type { FieldRule } from '../model/trace';

/** A field that holds something, with the rule that made it. */
export interface WrittenField {
  readonly field: number;
  readonly text: string;
  readonly rule: string;
  readonly from: readonly string[];
}

/** What the page shows of a table: rules of any context. */
export interface DocumentedTable {
  readonly name: string;
  readonly rules: readonly Pick<FieldRule<never>, 'id' | 'target' | 'source' | 'why'>[];
}

/** MSH-1 and MSH-2 are the delimiters themselves (HL7 v2.5.1 §2.15.9). */
const HEADER = { text: 'MSH|^~\\&', fields: 2 };

/** As many as the longest gap between two fields. */
const BARS: readonly string[] = Array.from({ length: 64 }, (_, count) => '|'.repeat(count));

export class SegmentTable<C> implements DocumentedTable {
  readonly name: string;
  readonly rules: readonly FieldRule<C>[];
  readonly #head: string;
  readonly #start: number;
  readonly #fields: readonly { readonly position: number; readonly write: (context: C) => string }[];

  /** @param rules in the order of their fields; their targets name the segment, as in `OBX-5` */
  constructor(rules: readonly FieldRule<C>[]) {
    this.rules = rules;
    this.name = rules[0]?.target.slice(0, 3) ?? '';
    const isHeader = this.name === 'MSH';
    this.#head = isHeader ? HEADER.text : this.name;
    this.#start = isHeader ? HEADER.fields : 0;
    this.#fields = rules
      .map(({ target, write }) => ({ position: Number(target.slice(4)), write }))
      .filter(({ position }) => position > this.#start);
  }

  /** The segment without CR; empty fields at the end are left out. This is the fast way, without lineage. */
  write(context: C): string {
    let text = this.#head;
    let last = this.#start;
    for (const { position, write } of this.#fields) {
      const field = write(context);
      if (field === '') continue;
      text += (BARS[position - last] ?? '') + field;
      last = position;
    }
    return text;
  }

  /** The fields that hold something, with their lineage. */
  fields(context: C): WrittenField[] {
    return this.rules.flatMap(({ id, target, write, from }) => {
      const text = write(context);
      if (text === '') return [];
      return [{ field: Number(target.slice(4)), text, rule: id, from: from?.(context) ?? [] }];
    });
  }
}
