/** `docs/reference/time-limits.md`: every time limit with its value and its source, from `src/domain/limits.ts`. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { LIMITS } from '../src/domain/limits';

/** Comment, key: as they stand in the source. A key without a comment of its own shares the one above. */
const ENTRY = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?^ {2}(\w+): /gm;

/** The page. */
export function limitsPage(): string {
  const source = readFileSync(resolve('src/domain/limits.ts'), 'utf8');
  const comments = new Map<string, string>();
  let last = '';
  for (const [, comment, key] of source.slice(source.indexOf('export const LIMITS')).matchAll(ENTRY)) {
    if (comment !== undefined) last = comment.replace(/\s*\n\s*\*?\s*/g, ' ').trim();
    comments.set(key ?? '', last);
  }
  const rows = Object.entries(LIMITS).map(
    ([key, value]) => `| \`${key}\` | ${String(value)} | ${comments.get(key) ?? ''} |`,
  );
  return [
    '# Time limits',
    '',
    '<!-- Generated from src/domain/limits.ts by `npm run docs`. Do not edit. -->',
    '',
    'In milliseconds, unless the name says seconds. Those with a key in the [configuration](configuration.md) are defaults.',
    '',
    '| limit | value | what for, and from where |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
