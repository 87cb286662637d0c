/**
 * The content hash of a resource: the same for any order of members and any white space, another for any other content
 * (5.0 and 5 are different FHIR values). Every resource of every file is hashed, so this takes no longer than parsing.
 *
 * A resource is its structure (names, objects, lists) and its leaves (texts, numbers, true, false, null). The hash is
 * SHA-256 over the JSON of `[SHA-256 of the structure, leaf, leaf, …]`, with members and so leaves in the order of
 * their names. Thousands of resources of a file have one structure: the order of its leaves is worked out once and then
 * found again by walking the names as they come.
 */
import { hash } from 'node:crypto';
import { isObject } from './lossless-json';

/** Memory for structures; a file that was made to have more loses speed and nothing else. */
const MAX_STEPS = 50_000;

/** How the leaves of a structure go from the order of the source into that of the names. */
interface Plan {
  readonly order: readonly number[];
  /** What is hashed: the hash of the structure, then the leaves. Filled again for each resource. */
  readonly values: unknown[];
}

/** A place in a structure that was seen before, reached by names and brackets in the order of the source. */
class Step {
  open: Step | undefined;
  close: Step | undefined;
  list: Step | undefined;
  item: Step | undefined;
  end: Step | undefined;
  /** The first name that followed, and where it led; most places have no other. */
  name = '';
  named: Step | undefined;
  others: Map<string, Step> | undefined;
  plan: Plan | undefined;
}

export class ContentHasher {
  #root = new Step();
  #step = this.#root;
  #steps = 0;
  #leaves: unknown[] = [];
  #count = 0;

  /**
   * @param value a parsed JSON value, as of lossless-json
   * @returns SHA-256, hexadecimal
   * @throws RangeError when it is nested too deeply
   */
  of(value: unknown): string {
    if (this.#steps > MAX_STEPS) this.#forget();
    this.#step = this.#root;
    this.#count = 0;
    this.#walk(value);
    const plan = (this.#step.plan ??= planOf(value));
    const { order, values } = plan;
    const leaves = this.#leaves;
    for (let position = 0; position < order.length; position += 1) {
      values[position + 1] = leaves[order[position] ?? 0];
    }
    return hash('sha256', JSON.stringify(values), 'hex');
  }

  #forget(): void {
    this.#root = new Step();
    this.#steps = 0;
    this.#leaves = [];
  }

  #walk(value: unknown): void {
    if (isObject(value)) {
      let step = (this.#step.open ??= this.#new());
      for (const name in value) {
        step = step.name === name && step.named !== undefined ? step.named : this.#next(step, name);
        const member = value[name];
        if (typeof member !== 'object' || member === null) {
          this.#leaves[this.#count++] = member;
        } else {
          this.#step = step;
          this.#walk(member);
          step = this.#step;
        }
      }
      this.#step = step.close ??= this.#new();
    } else if (Array.isArray(value)) {
      this.#step = this.#step.list ??= this.#new();
      for (const item of value) this.#walk(item);
      this.#step = this.#step.end ??= this.#new();
    } else {
      this.#leaves[this.#count++] = value;
      this.#step = this.#step.item ??= this.#new();
    }
  }

  /** The step that a name leads to, where it is not the usual one. */
  #next(step: Step, name: string): Step {
    if (step.named === undefined) {
      step.name = name;
      return (step.named = this.#new());
    }
    step.others ??= new Map();
    let next = step.others.get(name);
    if (next === undefined) step.others.set(name, (next = this.#new()));
    return next;
  }

  #new(): Step {
    this.#steps += 1;
    return new Step();
  }
}

function planOf(value: unknown): Plan {
  const order: number[] = [];
  let leaf = 0;
  /** Numbers the leaves in the order of the source. */
  const number = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(number);
    if (!isObject(part)) return leaf++;
    const members = Object.keys(part).map((name) => [name, number(part[name])] as const);
    return new Map(members);
  };
  /** The structure as text; collects the numbers of its leaves on the way. */
  const describe = (part: unknown): string => {
    if (Array.isArray(part)) return `[${part.map(describe).join(',')}]`;
    if (!(part instanceof Map)) {
      order.push(Number(part));
      return '.';
    }
    const names = [...part.keys()].map(String).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${describe(part.get(name))}`).join(',')}}`;
  };
  const structure = hash('sha256', describe(number(value)), 'base64');
  return { order, values: [structure, ...order] };
}
