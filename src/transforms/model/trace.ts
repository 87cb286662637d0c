/**
 * Lineage: which field of a message was made of which element of the input, by which rule. Writers are tables of rules;
 * the same tables make the message, its lineage and the page docs/guide/mapping.md.
 */

/** How one field is made. `C` is what the writer of the segment or resource knows. */
export interface FieldRule<C> {
  /** Name of the rule, unique, as in `obx-5`. */
  readonly id: string;
  /** Position, as in `OBX-5` or `Observation.valueQuantity`. */
  readonly target: string;
  /** What it is made of, for people: elements of the input, `configuration`, `constant`. */
  readonly source: string;
  /** Why it is so; cites the standard or the source of a choice. */
  readonly why: string;
  /** Element paths of the input, for this item; empty when it is made of none. */
  readonly from?: (context: C) => readonly string[];
  readonly write: (context: C) => string;
}

/** One field with where it comes from. */
export interface TracedField {
  /** Position in the message, as in `PID-5`, `OBX[3]-5` (third OBX; the first is `OBX-5`) or `Bundle.entry[2].resource.status`. */
  readonly target: string;
  readonly text: string;
  readonly rule: string;
  readonly from: readonly string[];
}

/** Collects the lineage of one message. Without one, writers take the fast way. */
export interface Trace {
  add(field: TracedField): void;
}
