/** A request whose elements are wrong: which, and what is expected. Values are never quoted. */
import type { z } from 'zod';
import { DuctusError } from '../domain/errors';
import type { Issue } from './operation-outcome';

export class RequestError extends DuctusError {
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super('DUCTUS_REQUEST_INVALID');
    this.issues = issues;
  }
}

/**
 * Checks a part of a request.
 * @param path where the part stands, for the expressions of the answer
 * @throws RequestError naming every element that is wrong
 */
export function parseElements<Schema extends z.ZodType>(schema: Schema, value: unknown, path = ''): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw new RequestError(
    result.error.issues.map((issue) => {
      const expression = [path, ...issue.path.map(String)].filter((part) => part !== '').join('.');
      return { ...(expression === '' ? {} : { expression }), text: text(issue) };
    }),
  );
}

function text(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be of type ${issue.expected}`;
    case 'invalid_value':
      return `must be one of: ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `must have at most ${String(issue.maximum)} characters`;
    case 'too_small':
      return `must have at least ${String(issue.minimum)} characters`;
    case 'invalid_format':
      return issue.message.startsWith('Invalid') ? 'has the wrong format' : issue.message;
    default:
      return 'is not valid';
  }
}
