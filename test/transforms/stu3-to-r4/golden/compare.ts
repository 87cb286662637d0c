/**
 * Compares what a form makes of the golden files with the files that hold it, indented for people: white space between
 * the tokens is the only difference. `UPDATE_GOLDEN=1` writes them anew: read the difference before committing it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readReport } from '../../../../src/transforms/cda';
import { readBundle } from '../../../../src/transforms/fhir-bundle';
import { mapFile } from '../../../../src/transforms/mapping';
import { testContext, testProfile } from '../../fhir-to-hl7/profile';
import type { GoldenCase } from './cases';

/** @param folder of the files to compare with */
export function compareGolden(
  { name, isReport = false, profile, context }: GoldenCase,
  form: 'fhir' | 'json',
  folder: string,
): { readonly made: string; readonly expected: string } {
  const input = readFileSync(join(__dirname, `${name}.${isReport ? 'xml' : 'json'}`));
  const content = isReport ? readReport(input) : readBundle(input);
  const { messages } = mapFile(content, testProfile({ ...profile, form }), testContext(context));
  const made = messages.map(({ text }) => `${indented(text)}\n`).join('');
  const file = join(folder, `${name}.${form === 'fhir' ? 'transaction' : 'message'}.json`);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, made);
  return { made, expected: messagesOf(readFileSync(file, 'utf8')) };
}

/** The messages of a file, however it is indented. */
function messagesOf(text: string): string {
  const compact = text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
  return compact
    .replaceAll('}{', '}\n{')
    .split('\n')
    .map((message) => `${indented(message)}\n`)
    .join('');
}

/** JSON.parse would change the digits of numbers. */
function indented(text: string): string {
  let depth = 0;
  const line = (): string => `\n${'  '.repeat(depth)}`;
  return text.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token) => {
    switch (token) {
      case '{':
      case '[':
        depth += 1;
        return token + line();
      case '}':
      case ']':
        depth -= 1;
        return line() + token;
      case ',':
        return token + line();
      case ':':
        return ': ';
      default:
        return token;
    }
  });
}
