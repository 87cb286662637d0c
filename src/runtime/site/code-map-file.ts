/** Code map files (docs/guide/code-maps.md): YAML with a row for each code that a hospital names otherwise. */
import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { CodeMapping } from '../../transforms/model/profile';
import { describeProblems } from '../config/problems';
import { codeProblem } from './code-checks';
import { reasonOf } from './reason';
import { isKnownUcum } from './ucum';

const text = z.string().min(1).max(250);

const RowSchema = z.strictObject({
  from: z.strictObject({
    /** What FHIR writes: a name of table 0396 would never be found. */
    system: text.regex(/^[a-z][a-z0-9+.-]*:\S+$/i, 'must be a URI, as in http://loinc.org'),
    code: text,
  }),
  unit: text.optional(),
  to: z.strictObject({ system: text, code: text, display: text }),
});

const FileSchema = z.strictObject({
  name: text,
  description: text.optional(),
  map: z.array(RowSchema).min(1),
});

/** A file, and what is wrong or odd in it. With problems it must not be used. */
export interface CodeMapFile {
  readonly file: string;
  readonly name: string | undefined;
  readonly mappings: readonly CodeMapping[];
  /** Lines for a person: row, what is wrong, line of the file. */
  readonly problems: readonly string[];
  /** Worth a look, and no reason to stop. */
  readonly warnings: readonly string[];
}

/** Reads and checks a file; what is wrong stands in the result. @param file path of the YAML file */
export function readCodeMapFile(file: string): CodeMapFile {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    return failed(file, [`cannot be read (${reasonOf(error)})`]);
  }
  return parseCodeMapFile(content, file);
}

/** As `readCodeMapFile`, for a text at hand. @param file name of the source in messages */
export function parseCodeMapFile(content: string, file: string): CodeMapFile {
  const lines = new LineCounter();
  // All scalars are texts: a SNOMED id can have more digits than a number holds.
  const document = parseDocument(content, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return failed(
      file,
      document.errors.map((error) => `line ${lines.linePos(error.pos[0]).line}: is not YAML (${error.code})`),
    );
  }
  const lineOf = (path: readonly PropertyKey[]): string | undefined => {
    for (let length = path.length; length > 0; length -= 1) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      const range: unknown = typeof node === 'object' && node !== null ? Reflect.get(node, 'range') : undefined;
      const start: unknown = Array.isArray(range) ? range[0] : undefined;
      if (typeof start === 'number') return `line ${lines.linePos(start).line}`;
    }
    return undefined;
  };
  const input: unknown = document.toJS();
  const parsed = FileSchema.safeParse(input);
  if (!parsed.success) return failed(file, describeProblems(parsed.error.issues, { input, origin: lineOf }));
  const { name, map } = parsed.data;
  const at = (row: number): string => `map.${row} (${lineOf(['map', row]) ?? 'unknown line'})`;
  return { file, name, mappings: map, problems: rowProblems(map, at), warnings: unitWarnings(map, at) };
}

/** The row that a second one for the same code and unit would contradict. */
export function rowKey({ from, unit }: CodeMapping): string {
  return JSON.stringify([from.system, from.code, unit ?? null]);
}

function rowProblems(map: readonly CodeMapping[], at: (row: number) => string): string[] {
  const problems: string[] = [];
  const rows = new Map<string, number>();
  map.forEach((mapping, row) => {
    const { from, to } = mapping;
    const twin = rows.get(rowKey(mapping));
    if (twin !== undefined) problems.push(`${at(row)}: has the same code and unit as ${at(twin)}`);
    else rows.set(rowKey(mapping), row);
    for (const [side, { system, code }] of [['from', from] as const, ['to', to] as const]) {
      const problem = codeProblem(system ?? '', code);
      if (problem !== undefined) problems.push(`${at(row)}: ${side}.code ${JSON.stringify(code)} ${problem}`);
    }
    if (from.system === to.system && from.code === to.code) problems.push(`${at(row)}: maps a code to itself`);
  });
  return problems;
}

function unitWarnings(map: readonly CodeMapping[], at: (row: number) => string): string[] {
  return map.flatMap(({ unit }, row) =>
    unit === undefined || isKnownUcum(unit)
      ? []
      : [`${at(row)}: unit ${JSON.stringify(unit)} is not among the known UCUM units`],
  );
}

function failed(file: string, problems: readonly string[]): CodeMapFile {
  return { file, name: undefined, mappings: [], problems, warnings: [] };
}
