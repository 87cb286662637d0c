/**
 * Numbers of patients come from standard input: arguments stand in the history of the shell and in the list of processes.
 */
import { text } from 'node:stream/consumers';
import { DuctusError } from '../domain/errors';

/** Lines of standard input that hold something. @throws DuctusError DUCTUS_REQUEST_INVALID when there is none */
export async function numbersFromInput(): Promise<readonly string[]> {
  const lines = (await text(process.stdin)).split(/\r?\n/).map((line) => line.trim());
  const numbers = lines.filter((line) => line !== '');
  if (numbers.length === 0) throw new DuctusError('DUCTUS_REQUEST_INVALID', 'Give the number on standard input.');
  return numbers;
}
