/**
 * Which segments a message may have in which order: the abstract message structures of HL7 v2.5.1 for what this EMR takes
 * (chapter 7 for ORU_R01, 4 for RAS_O17, 9 for MDM). HL7's structures can be read with one segment of foresight, so
 * matching never has to go back.
 */

/**
 * Per message, as the standard writes it: `?` optional, `*` any number, `+` at least one, parentheses a group. PRT stands
 * where v2.6 and IHE PCD-01 have it.
 */
const STRUCTURES: Readonly<Record<string, string>> = {
  'ORU^R01':
    'MSH SFT* (PID PD1? NTE* NK1* (PV1 PV2?)? (ORC? OBR NTE* PRT* (TQ1 TQ2*)* CTD? (OBX PRT* NTE*)* FT1* CTI* (SPM OBX*)*)+)+ DSC?',
  'RAS^O17':
    'MSH SFT* NTE* (PID PD1? NTE* AL1* (PV1 PV2?)?)? (ORC (TQ1 TQ2*)* (RXO (NTE* RXR+ (RXC+ NTE*)?)?)? ' +
    '(RXE (TQ1 TQ2*)* RXR+ RXC*)? (RXA+ RXR (OBX NTE*)*)+ CTI*)+',
  'MDM^T02': 'MSH SFT* EVN PID PV1 (ORC? (TQ1 TQ2*)* OBR NTE*)* TXA (OBX NTE*)+',
  'MDM^T10': 'MSH SFT* EVN PID PV1 (ORC? (TQ1 TQ2*)* OBR NTE*)* TXA (OBX NTE*)+',
  'MDM^T11': 'MSH SFT* EVN PID PV1 (ORC? (TQ1 TQ2*)* OBR NTE*)* TXA',
};

/** Message types that have a structure here. */
export const KNOWN_MESSAGES: readonly string[] = Object.keys(STRUCTURES);

interface Part {
  /** A segment, or the parts of a group. */
  readonly of: string | readonly Part[];
  readonly optional: boolean;
  readonly repeats: boolean;
  /** Segments with which it may begin. */
  readonly first: ReadonlySet<string>;
}

const PARSED: ReadonlyMap<string, readonly Part[]> = new Map(
  Object.entries(STRUCTURES).map(([type, text]) => [type, parseStructure(text)]),
);

/** Where a message leaves its structure. */
export interface StructureDefect {
  /** The segment that is missing, or that does not belong where it stands. */
  readonly segment: string;
  readonly missing: boolean;
}

/**
 * Compares the order of segments with the structure; Z segments may stand anywhere.
 * @param names of the segments, in their order
 * @returns undefined when they fit
 */
export function findStructureDefect(messageType: string, names: readonly string[]): StructureDefect | undefined {
  const parts = PARSED.get(messageType);
  if (parts === undefined) return undefined;
  const matcher = new Matcher(names.filter((name) => !name.startsWith('Z')));
  return matcher.match(parts, segmentsOf(parts));
}

class Matcher {
  readonly #names: readonly string[];
  #at = 0;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  match(parts: readonly Part[], known: ReadonlySet<string>): StructureDefect | undefined {
    const defect = this.#parts(parts, known);
    const left = this.#names[this.#at];
    return defect ?? (left === undefined ? undefined : { segment: left, missing: false });
  }

  #parts(parts: readonly Part[], known: ReadonlySet<string>): StructureDefect | undefined {
    for (const part of parts) {
      let times = 0;
      while ((times === 0 || part.repeats) && this.#begins(part)) {
        times += 1;
        if (typeof part.of === 'string') {
          this.#at += 1;
          continue;
        }
        const defect = this.#parts(part.of, known);
        if (defect !== undefined) return defect;
      }
      if (times > 0 || part.optional) continue;
      const found = this.#names[this.#at];
      return found !== undefined && !known.has(found)
        ? { segment: found, missing: false }
        : { segment: [...part.first].at(-1) ?? '', missing: true };
    }
    return undefined;
  }

  #begins(part: Part): boolean {
    const next = this.#names[this.#at];
    return next !== undefined && part.first.has(next);
  }
}

/** Of a group: those of its parts, up to the first that must be there. */
function firstOf(of: Part['of']): ReadonlySet<string> {
  if (typeof of === 'string') return new Set([of]);
  const required = of.findIndex(({ optional }) => !optional);
  return new Set(of.slice(0, required < 0 ? of.length : required + 1).flatMap(({ first }) => [...first]));
}

function segmentsOf(parts: readonly Part[]): Set<string> {
  return new Set(parts.flatMap(({ of }) => (typeof of === 'string' ? [of] : [...segmentsOf(of)])));
}

/** @param text as in `STRUCTURES` */
function parseStructure(text: string): readonly Part[] {
  const groups: Part[][] = [[]];
  for (const [token] of text.matchAll(/[A-Z0-9]{3}[?*+]?|\(|\)[?*+]?/g)) {
    if (token === '(') {
      groups.push([]);
      continue;
    }
    const of = token.startsWith(')') ? (groups.pop() ?? []) : token.slice(0, 3);
    groups.at(-1)?.push({ of, first: firstOf(of), optional: /[?*]$/.test(token), repeats: /[*+]$/.test(token) });
  }
  return groups[0] ?? [];
}
