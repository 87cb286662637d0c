/**
 * The log: JSON lines by pino, one logger a process, handed down as a dependency.
 * `redact.ts` decides what a line may hold; there is no way around it.
 */
import { pino } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';
import { FORBIDDEN_BINDINGS, REDACTED, describeIfError, redactLine, withoutUrlSecrets } from './redact';

export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Stands in every line: which part of Ductus wrote it. */
  readonly role: 'api' | 'worker' | 'codec' | 'all' | 'cli' | 'embedded' | 'test';
  /** Where lines go; standard output when left out. */
  readonly stream?: DestinationStream;
}

/**
 * Creates a logger.
 * @returns a pino logger; `child()` keeps the rules
 */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: { role: options.role, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      errorKey: 'error',
      // `formatters.log` runs first and sees the whole object of a line: the rules are there.
      formatters: { level: (label) => ({ level: label }), bindings: redactLine, log: redactLine },
      // The bindings of a child logger do not come by it: these two do what can be done for them.
      serializers: { err: describeIfError, error: describeIfError },
      redact: { paths: [...FORBIDDEN_BINDINGS], censor: REDACTED },
      // Last: whatever text a library put into a message or a field, no URL keeps its query or password.
      hooks: { streamWrite: withoutUrlSecrets },
    },
    // Synchronous: a line written just before a crash is the one that is wanted.
    options.stream ?? pino.destination({ dest: 1, sync: true }),
  );
}
