/** The files of `ductus patients`: a header and a line for each patient. */
import { readFileSync } from 'node:fs';
import { DuctusError } from '../domain/errors';
import { ConsentEntrySchema, PatientEntrySchema, type ConsentEntry } from '../domain/patients';
import type { PatientEntry } from '../store/patients';
import { readCsvTable, type CsvTable } from './csv-table';

/** The file of `import`. @throws DuctusError DUCTUS_REQUEST_INVALID naming the lines that are wrong */
export function readPatientsFile(bytes: Uint8Array): CsvTable<PatientEntry> {
  const names = {
    source_system: 'sourceSystem',
    source_value: 'sourceValue',
    mrn: 'mrn',
    assigning_authority: 'assigningAuthority',
    identifier_type: 'identifierType',
  };
  return readCsvTable(bytes, { names, required: ['source_system', 'source_value', 'mrn'] }, PatientEntrySchema);
}

/** The file of `consent give` and `consent withdraw`. @throws DuctusError DUCTUS_REQUEST_INVALID as above */
export function readConsentFile(bytes: Uint8Array): CsvTable<ConsentEntry> {
  const names = { number: 'number', system: 'system', from: 'from', until: 'until' };
  return readCsvTable(bytes, { names, required: ['number'], dropEmpty: true }, ConsentEntrySchema);
}

/** @throws DuctusError DUCTUS_REQUEST_INVALID when it cannot be read */
export function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch {
    throw new DuctusError('DUCTUS_REQUEST_INVALID', `The file ${file} cannot be read.`);
  }
}

/** More line numbers than this say nothing more. */
const MAX_LINES = 20;

/** `line 3`, or `lines 3, 5 and 7 more`. @param positions of entries; @param lines of the file, by position */
export function linesOf(positions: readonly number[], lines: readonly number[]): string {
  const named = positions.slice(0, MAX_LINES).map((position) => String(lines[position]));
  const more = positions.length - named.length;
  return `${positions.length === 1 ? 'line' : 'lines'} ${named.join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`;
}
