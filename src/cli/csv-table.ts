/** A CSV file with a header and one thing in each line. Every bad line is named, none is quoted. */
import type { z } from 'zod';
import { DuctusError } from '../domain/errors';
import { parseCsv } from './csv';

/** More lines than this say nothing more. */
const MAX_PROBLEMS = 20;

export interface CsvTable<T> {
  readonly entries: readonly T[];
  /** Line of each entry. */
  readonly lines: readonly number[];
}

export interface CsvColumns {
  /** Names in the header, and what they are called elsewhere. */
  readonly names: Readonly<Record<string, string>>;
  readonly required: readonly string[];
  /** Empty fields are left out. */
  readonly dropEmpty?: boolean;
}

/** @throws DuctusError DUCTUS_REQUEST_INVALID naming the lines that are wrong */
export function readCsvTable<T>(
  bytes: Uint8Array,
  { names, required, dropEmpty = false }: CsvColumns,
  schema: z.ZodType<T>,
): CsvTable<T> {
  const [header, ...records] = parseCsv(bytes);
  const columns = (header?.fields ?? []).map((field) => field.trim());
  if (
    !columns.every((column) => Object.hasOwn(names, column)) ||
    new Set(columns).size !== columns.length ||
    required.some((column) => !columns.includes(column))
  ) {
    const optional = Object.keys(names).length - required.length;
    throw new DuctusError(
      'DUCTUS_REQUEST_INVALID',
      `The first line must name the columns, separated by commas: ${Object.keys(names).join(',')} (the last ${COUNTS[optional] ?? String(optional)} may be left out).`,
    );
  }
  const entries: T[] = [];
  const problems: string[] = [];
  for (const { line, fields } of records) {
    if (fields.length !== columns.length) {
      problems.push(`line ${String(line)} has ${String(fields.length)} fields, not ${String(columns.length)}`);
      continue;
    }
    const row = columns.flatMap((column, index) =>
      dropEmpty && fields[index] === '' ? [] : [[names[column], fields[index]] as const],
    );
    const parsed = schema.safeParse(Object.fromEntries(row));
    if (parsed.success) entries.push(parsed.data);
    else {
      const [issue] = parsed.error.issues;
      const name = Object.entries(names).find(([, key]) => key === issue?.path[0])?.[0];
      problems.push(`line ${String(line)}: ${name ?? 'it'} ${issue?.message ?? 'is wrong'}`);
    }
  }
  if (problems.length > 0) {
    const more = problems.length - MAX_PROBLEMS;
    throw new DuctusError(
      'DUCTUS_REQUEST_INVALID',
      `Nothing was imported:\n  ${problems.slice(0, MAX_PROBLEMS).join('\n  ')}${more > 0 ? `\n  and ${String(more)} more` : ''}`,
    );
  }
  return { entries, lines: records.map(({ line }) => line) };
}

const COUNTS: Readonly<Record<number, string>> = { 2: 'two', 3: 'three' };
