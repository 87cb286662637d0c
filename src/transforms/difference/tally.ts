/**
 * Differences of many files added up by field, within bounds: thousands of files with a different value in each make no
 * longer a list than one.
 */
import type { FieldDifference } from '../../domain/redelivery-report';
import type { Change } from './hl7-units';

/** Fields and examples that are kept; more tell a reader nothing more. */
const MOST_FIELDS = 200;
const MOST_EXAMPLES = 10;
/** A value may be a whole document. */
const LONGEST_VALUE = 120;
/** Counts what has no row of its own any more. */
const OTHER = 'other fields';

interface Row {
  resources: number;
  readonly examples: Map<string, { readonly before: string; readonly after: string; resources: number }>;
}

export class DifferenceTally {
  readonly #rows = new Map<string, Row>();

  /** @param fields what was added up before */
  constructor(fields: readonly FieldDifference[] = []) {
    for (const { field, resources, examples } of fields) {
      this.#rows.set(field, {
        resources,
        examples: new Map(examples.map((each) => [`${each.before}\n${each.after}`, { ...each }])),
      });
    }
  }

  /** Adds what differs in one resource. */
  add(changes: readonly Change[]): void {
    const seen = new Set<string>();
    for (const change of changes) {
      const field = this.#rows.has(change.field) || this.#rows.size < MOST_FIELDS ? change.field : OTHER;
      const row = this.#row(field);
      if (!seen.has(field)) row.resources += 1;
      seen.add(field);
      const [before, after] = [short(change.before), short(change.after)];
      const name = `${before}\n${after}`;
      const example = row.examples.get(name);
      if (example !== undefined) example.resources += 1;
      else if (row.examples.size < MOST_EXAMPLES) row.examples.set(name, { before, after, resources: 1 });
    }
  }

  /** Most frequent first. */
  fields(): readonly FieldDifference[] {
    return [...this.#rows]
      .map(([field, { resources, examples }]) => ({
        field,
        resources,
        examples: [...examples.values()].toSorted((a, b) => b.resources - a.resources),
      }))
      .toSorted((a, b) => b.resources - a.resources || (a.field < b.field ? -1 : 1));
  }

  #row(field: string): Row {
    let row = this.#rows.get(field);
    if (row === undefined) {
      row = { resources: 0, examples: new Map() };
      this.#rows.set(field, row);
    }
    return row;
  }
}

function short(text: string): string {
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}… (${String(text.length)} characters)`;
}
