/**
 * Turns what zod found into lines for a person: key, what is wrong, what is allowed, where it stands.
 * A value is quoted only where it cannot be a secret: numbers, true and false, and the wrong choice from a closed list.
 */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

export interface ProblemContext {
  /** What was checked; values are looked up in it. */
  readonly input: unknown;
  /** Where a value comes from, for the end of the line. */
  readonly origin: (path: readonly PropertyKey[]) => string | undefined;
}

/** One line for each problem, in the order of the file's keys. */
export function describeProblems(issues: readonly Issue[], context: ProblemContext): string[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => line([...issue.path, key], 'is not a key of this section', context));
    }
    return [line(issue.path, whatIsWrong(issue, valueAt(context.input, issue.path)), context)];
  });
}

function line(path: readonly PropertyKey[], what: string, context: ProblemContext): string {
  const where = context.origin(path);
  return `${keyPath(path)}: ${what}${where === undefined ? '' : ` (${where})`}`;
}

function whatIsWrong(issue: Issue, value: unknown): string {
  if (value === undefined && issue.code !== 'custom') {
    return `is missing; ${allowed(issue)}`;
  }
  return `${quoted(issue, value)}${allowed(issue)}`;
}

/** zod's own sentence, where it says what is allowed; ours where it does not. */
function allowed(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected === 'record' ? 'object' : issue.expected}`;
    case 'invalid_value':
      return `allowed: ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unit(issue.origin)}`;
    case 'too_big':
      return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unit(issue.origin)}`;
    case 'invalid_union':
      return issue.discriminator === undefined
        ? issue.message
        : `\`${issue.discriminator}\` is missing or not one of the allowed kinds`;
    case 'invalid_key':
      return issue.issues.map((each) => each.message).join('; ');
    default:
      return issue.message;
  }
}

function unit(origin: string): string {
  switch (origin) {
    case 'string':
      return ' characters';
    case 'array':
      return ' entries';
    default:
      return '';
  }
}

function quoted(issue: Issue, value: unknown): string {
  const safe =
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    (typeof value === 'string' && issue.code === 'invalid_value' && value.length <= 40);
  return safe ? `${JSON.stringify(value)} is wrong; ` : '';
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) {
      return undefined;
    }
    value = Reflect.get(value, key);
  }
  return value;
}

function keyPath(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '(the whole file)' : path.map(String).join('.');
}
