/** The file of `ductus patients import`: a header and a line for each patient. Every bad line is named, none is quoted. */
import { DuctusError } from '../domain/errors';
import { PatientEntrySchema } from '../domain/patients';
import type { PatientEntry } from '../store/patients';
import { parseCsv } from './csv';

/** Columns of the file, and what they are called elsewhere. */
const COLUMNS = {
  source_system: 'sourceSystem',
  source_value: 'sourceValue',
  mrn: 'mrn',
  assigning_authority: 'assigningAuthority',
  identifier_type: 'identifierType',
} as const;
const REQUIRED: readonly string[] = ['source_system', 'source_value', 'mrn'];
/** More lines than this say nothing more. */
const MAX_PROBLEMS = 20;

export interface PatientsFile {
  readonly entries: readonly PatientEntry[];
  /** Line of each entry. */
  readonly lines: readonly number[];
}

/** @throws DuctusError DUCTUS_REQUEST_INVALID naming the lines that are wrong */
export function readPatientsFile(bytes: Uint8Array): PatientsFile {
  const [header, ...records] = parseCsv(bytes);
  const columns = (header?.fields ?? []).map((field) => field.trim());
  const isKnown = (column: string): column is keyof typeof COLUMNS => Object.hasOwn(COLUMNS, column);
  if (
    !columns.every(isKnown) ||
    new Set(columns).size !== columns.length ||
    REQUIRED.some((column) => !columns.some((each) => each === column))
  ) {
    throw new DuctusError(
      'DUCTUS_REQUEST_INVALID',
      `The first line must name the columns, separated by commas: ${Object.keys(COLUMNS).join(',')} (the last two may be left out).`,
    );
  }
  const entries: PatientEntry[] = [];
  const problems: string[] = [];
  for (const { line, fields } of records) {
    if (fields.length !== columns.length) {
      problems.push(`line ${String(line)} has ${String(fields.length)} fields, not ${String(columns.length)}`);
      continue;
    }
    const row = Object.fromEntries(columns.map((column, index) => [COLUMNS[column], fields[index]]));
    const parsed = PatientEntrySchema.safeParse(row);
    if (parsed.success) entries.push(parsed.data);
    else {
      const [issue] = parsed.error.issues;
      const name = Object.entries(COLUMNS).find(([, key]) => key === issue?.path[0])?.[0];
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
