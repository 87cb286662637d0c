/** The credentials that the S3 door knows: temporary ones (key, secret, session token, expiry) and permanent ones. */
import { randomBytes } from 'node:crypto';

export interface StoredCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Temporary credentials only. */
  readonly sessionToken?: string;
  /** Epoch milliseconds; temporary credentials only. */
  expiresAtMs?: number;
  /** ARNs of access points (or names of buckets) that may be read; undefined: all. */
  readonly resources?: readonly string[];
}

export interface TemporaryCredentials extends StoredCredentials {
  readonly sessionToken: string;
  expiresAtMs: number;
}

/** Issues and finds credentials. Secrets are really random: no seed gives them away. */
export class CredentialStore {
  readonly #byKey = new Map<string, StoredCredentials>();

  /**
   * Issues temporary credentials in the forms that AWS STS uses (`ASIA…`, 40 characters, a long token).
   * @param lifetimeMs milliseconds; zero or less makes credentials that have ended already
   */
  issueTemporary(lifetimeMs: number, resources?: readonly string[]): TemporaryCredentials {
    const issued: TemporaryCredentials = {
      accessKeyId: `ASIA${randomName(16)}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(252).toString('base64'),
      expiresAtMs: Date.now() + lifetimeMs,
      ...(resources === undefined ? {} : { resources }),
    };
    this.#byKey.set(issued.accessKeyId, issued);
    return issued;
  }

  /** Issues permanent credentials (`AKIA…`). */
  issuePermanent(resources?: readonly string[]): StoredCredentials {
    const issued = {
      accessKeyId: `AKIA${randomName(16)}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      ...(resources === undefined ? {} : { resources }),
    };
    this.#byKey.set(issued.accessKeyId, issued);
    return issued;
  }

  find(accessKeyId: string): StoredCredentials | undefined {
    return this.#byKey.get(accessKeyId);
  }

  /** Ends temporary credentials now, as when their time is over. */
  expire(accessKeyId: string): void {
    const found = this.#byKey.get(accessKeyId);
    if (found?.expiresAtMs !== undefined) {
      found.expiresAtMs = Math.min(found.expiresAtMs, Date.now() - 1);
    }
  }
}

function randomName(length: number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return Array.from(randomBytes(length), (byte) => letters.charAt(byte % letters.length)).join('');
}
