/**
 * What a log line may hold. Logs leave the machine and are read by many, so a line is built from what is
 * allowed and not from what happens to be in an object: a body, a credential, a receipt handle, the query
 * of a URL (pre-signed ones carry the right to read) never get through, wherever in the object they stand.
 */
import { types } from 'node:util';
import { DuctusError } from '../../domain/errors';
import { Secret } from '../config/secret';

export const REDACTED = '[redacted]';

/** Names, in lower case without `-` and `_`, whose value is never written. */
const FORBIDDEN = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'receipthandle',
  'messagereceipthandle',
  'password',
  'secret',
  'clientsecret',
  'secretaccesskey',
  'accesskeyid',
  'sessiontoken',
  'securitytoken',
  'xamzsecuritytoken',
  'token',
  'accesstoken',
  'refreshtoken',
  'apikey',
  'privatekey',
  'hashkey',
  'presignedurl',
  'body',
  'rawbody',
  'payload',
  'bundle',
  'resource',
  'hl7',
  'headers',
]);

/** The same as paths of pino's own `redact`, in the spellings that a child logger might be given. */
export const FORBIDDEN_BINDINGS = [
  'authorization',
  'cookie',
  'receiptHandle',
  'password',
  'secret',
  'token',
  'apiKey',
  'clientSecret',
  'body',
  'headers',
  'payload',
] as const;

/** Depth at which an object is cut: a log line is no dump. */
const MAX_DEPTH = 5;
const MAX_CAUSES = 3;

/** `https://host/path?query` in any text, also inside JSON: the query ends at a quote, a bracket or white space. */
const URL_WITH_QUERY = /(\b(?:https?|wss?|postgres(?:ql)?):\/\/[^\s"'<>\\?]+)\?[^\s"'<>\\)\]}]*/g;
/** `scheme://user:password@host`. */
const URL_WITH_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s"'<>\\/@]+@/gi;

/** Takes query and password out of every URL in a text. */
export function withoutUrlSecrets(text: string): string {
  return text.replace(URL_WITH_PASSWORD, `$1${REDACTED}@`).replace(URL_WITH_QUERY, `$1?${REDACTED}`);
}

/**
 * An error as it is logged: code, message, details. The stack only for errors that are not ours, because
 * ours are explained by their code, and without its first line, which repeats the message.
 * The message of a SyntaxError is left out: it quotes the text that could not be parsed.
 */
export function describeError(error: unknown, causes = MAX_CAUSES): Record<string, unknown> {
  if (!isError(error)) {
    return { type: typeof error, message: typeof error === 'string' ? withoutUrlSecrets(error) : 'not an Error' };
  }
  const described: Record<string, unknown> = { type: error.name };
  if (error instanceof DuctusError) {
    described['code'] = error.code;
    described['message'] = withoutUrlSecrets(error.message);
    if (Object.keys(error.details).length > 0) {
      described['details'] = error.details;
    }
  } else {
    if ('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')) {
      described['code'] = error.code;
    }
    described['message'] =
      error.name === 'SyntaxError' ? '(left out: it quotes the text)' : withoutUrlSecrets(error.message);
    const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
    if (frames.length > 0) {
      described['stack'] = frames.join('\n');
    }
  }
  if (error.cause !== undefined && causes > 0) {
    described['cause'] = describeError(error.cause, causes - 1);
  }
  return described;
}

/** For pino's serializers: an error that `redact` has described already stays as it is. */
export function describeIfError(value: unknown): unknown {
  return isError(value) ? describeError(value) : value;
}

/** The object of a log line, with everything taken out that may not stand in it. Never throws. */
export function redact(value: unknown, depth = 0): unknown {
  if (isError(value)) {
    return describeError(value);
  }
  if (typeof value === 'bigint') {
    return value.toString();
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (value instanceof Uint8Array) {
    return `(${value.byteLength} bytes)`;
  }
  if (value instanceof Date) {
    return value.toJSON();
  }
  if (depth >= MAX_DEPTH) {
    return '(deeper)';
  }
  if (Array.isArray(value)) {
    return value.map((element) => redact(element, depth + 1));
  }
  if (value instanceof Secret || value instanceof URL) {
    return String(value);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, element]) => [key, isForbidden(key) ? REDACTED : redact(element, depth + 1)]),
  );
}

/** Also an error of another realm (a vm context, as Temporal's workflows and jest have). */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

function isForbidden(key: string): boolean {
  return FORBIDDEN.has(key.toLowerCase().replace(/[-_]/g, ''));
}

/** The object of one line. `req` and `res` are Fastify's: of a request only method, path and caller, of a response its status. */
export function redactLine(line: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(line).map(([key, value]) => {
      if (key === 'req') {
        return [key, describeRequest(value)];
      }
      if (key === 'res') {
        return [key, describeResponse(value)];
      }
      return [key, isForbidden(key) ? REDACTED : redact(value)];
    }),
  );
}

function describeRequest(request: unknown): Record<string, unknown> {
  if (!isObject(request)) {
    return {};
  }
  const url = 'url' in request && typeof request.url === 'string' ? request.url : '';
  return {
    method: 'method' in request ? request.method : undefined,
    path: url.split('?', 1)[0],
    caller: 'ip' in request ? request.ip : undefined,
  };
}

function describeResponse(response: unknown): Record<string, unknown> {
  return isObject(response) && 'statusCode' in response ? { status: response.statusCode } : {};
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
