/** An error that a person can do something about: printed without a stack. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
  /** What to do. */
  readonly advice: string | undefined;

  constructor(message: string, advice?: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.advice = advice;
  }
}
