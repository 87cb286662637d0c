/** Reads a file of the operator as a notification's file would be read: by what it holds. */
import { readFileSync, statSync } from 'node:fs';
import { DuctusError } from '../domain/errors';
import { readReport } from '../transforms/cda';
import { readBundle } from '../transforms/fhir-bundle';
import type { FileContent } from '../transforms/model/content';

export interface PreviewFile {
  readonly content: FileContent;
  /** Stands for the time of the notification, so that the same file gives the same messages. */
  readonly changedAtMs: number;
}

/**
 * A FHIR bundle, or a CDA document: told apart by the first character, since XML begins with `<` and JSON never does.
 * @throws DuctusError DUCTUS_NOT_FOUND; DUCTUS_BUNDLE_INVALID or DUCTUS_REPORT_INVALID that name the element
 */
export function readPreviewFile(file: string): PreviewFile {
  let bytes: Uint8Array;
  let changedAtMs: number;
  try {
    bytes = readFileSync(file);
    changedAtMs = Math.floor(statSync(file).mtimeMs);
  } catch (error) {
    throw new DuctusError('DUCTUS_NOT_FOUND', `The file ${file} cannot be read.`, { cause: error });
  }
  return { content: isXml(bytes) ? readReport(bytes) : readBundle(bytes), changedAtMs };
}

/** Looks behind a byte order mark and white space. UTF-16 has a zero byte in front of or behind `<`. */
function isXml(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 64))
    .toString('latin1')
    .replace(/^[\u00ef\u00bb\u00bf\u00fe\u00ff\u0000\s]+/, '');
  return start.startsWith('<');
}
