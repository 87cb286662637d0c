/** Comma-separated values as RFC 4180 has them: fields may be quoted, quotes in them are doubled, lines end LF or CRLF. */
import { DuctusError } from '../domain/errors';

export interface CsvRecord {
  /** Line of the file where it begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * @returns the records in order; empty lines are none
 * @throws DuctusError DUCTUS_REQUEST_INVALID that names the line, never what is in it
 */
export function parseCsv(bytes: Uint8Array): readonly CsvRecord[] {
  const text = decode(bytes);
  // A field with what ends it: quoted (1) or bare (2); then a comma, the end of the line, or the end of the file.
  const field = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  const records: CsvRecord[] = [];
  let fields: string[] = [];
  let line = 1;
  let start = 1;
  for (let at = 0; at < text.length;) {
    field.lastIndex = at;
    const found = field.exec(text);
    if (found === null) throw invalid(`line ${String(line)} has a quotation mark that is not closed or not doubled`);
    const [all, quoted, bare = '', end = ''] = found;
    fields.push(quoted?.replaceAll('""', '"') ?? bare);
    line += countLines(all);
    at += all.length;
    if (end === ',' && at < text.length) continue;
    if (end === ',') fields.push('');
    if (fields.length > 1 || fields[0] !== '') records.push({ line: start, fields });
    fields = [];
    start = line;
  }
  return records;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('it is not UTF-8');
  }
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

function invalid(what: string): DuctusError {
  return new DuctusError('DUCTUS_REQUEST_INVALID', `The file cannot be read: ${what}.`);
}
