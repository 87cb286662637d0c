/**
 * Sessions of the codec server's login page: signed, short, without state, so that several codec servers behind one name
 * take each other's. A session ends at once when its operator's token changes, or the operator loses the right.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Config } from '../../runtime/config/schema';

type Operator = Config['operators'][number];

const ClaimsSchema = z.strictObject({ operator: z.string(), expiresAtMs: z.number().int() });

export interface Session {
  /** Value of the cookie. */
  readonly value: string;
  readonly operator: string;
  readonly expiresAtMs: number;
}

/** Opens and checks sessions. @param now milliseconds since 1970 */
export class Sessions {
  constructor(
    private readonly config: Pick<Config, 'encryption' | 'operators'>,
    private readonly minutes: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** Opens a session for an operator who has shown the token. */
  open(operator: Operator): Session {
    const claims = { operator: operator.name, expiresAtMs: this.now() + this.minutes * 60_000 };
    const body = Buffer.from(JSON.stringify(claims), 'utf8').toString('base64url');
    return { ...claims, value: `${body}.${this.#sign(operator, body)}` };
  }

  /** @returns undefined for a cookie that is not ours, is over, or whose operator may not read payloads any more */
  find(value: string | undefined): Session | undefined {
    const [body, signature, ...more] = (value ?? '').split('.');
    if (value === undefined || body === undefined || signature === undefined || more.length > 0) return undefined;
    const claims = claimsOf(body);
    const operator = this.config.operators.find(({ name }) => name === claims?.operator);
    if (claims === undefined || operator?.rights.includes('decode') !== true) return undefined;
    if (!sameText(signature, this.#sign(operator, body)) || claims.expiresAtMs <= this.now()) return undefined;
    return { value, ...claims };
  }

  /** The key is the operator's own: with another token, sessions of the old one are worth nothing. */
  #sign(operator: Operator, body: string): string {
    const salt = createHash('sha256').update(operator.token.reveal()).digest();
    const info = `ductus/codec-session/1/${operator.name}`;
    const key = hkdfSync('sha256', this.config.encryption.hashKey.reveal(), salt, info, 32);
    return createHmac('sha256', Buffer.from(key)).update(body).digest('base64url');
  }
}

function claimsOf(body: string): z.infer<typeof ClaimsSchema> | undefined {
  try {
    return ClaimsSchema.parse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
  } catch {
    return undefined;
  }
}

function sameText(given: string, expected: string): boolean {
  const bytes = Buffer.from(given);
  const wanted = Buffer.from(expected);
  return bytes.length === wanted.length && timingSafeEqual(bytes, wanted);
}
