/**
 * Throw-away certificates for the simulators, the demo and the tests: one authority, a server certificate, and client
 * certificates for Ductus (to Roche) and for Roche (to Ductus). Never for production: the authority's key lies beside them.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { types } from 'node:util';
import { generate } from 'selfsigned';

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** All certificates of one set, signed by `ca`. */
export interface Certificates {
  readonly ca: KeyPair;
  readonly server: KeyPair;
  /** What Ductus presents to Roche's services API. */
  readonly ductusClient: KeyPair;
  /** What the Roche simulator presents to Ductus. */
  readonly rocheClient: KeyPair;
}

export interface CertificateOptions {
  /** Names of the server besides `localhost`, `*.localhost`, `*.s3.localhost`, the default access point's host and 127.0.0.1. */
  readonly serverNames?: readonly string[];
  /** Default: EC P-256, which is made in milliseconds. */
  readonly keyType?: 'ec' | 'rsa';
  /** End of all of them; default: in two years. One that is over makes a set that has expired. */
  readonly notAfter?: Date;
}

/**
 * Hosts in every server certificate. Node takes no wildcard directly below a top-level domain, so `*.localhost` (which
 * other clients take) does not cover an access point's host: the default one stands there by name.
 */
export const SERVER_NAMES = [
  'localhost',
  '*.localhost',
  '*.s3.localhost',
  'ductus-demo-000000000000.localhost',
] as const;

const VALID_YEARS = 2;
/** A set that ends sooner than this is made anew. */
const RENEW_BEFORE_MS = 30 * 24 * 60 * 60 * 1000;

const FILES = {
  ca: ['ca.pem', 'ca-key.pem'],
  server: ['server.pem', 'server-key.pem'],
  ductusClient: ['ductus-client.pem', 'ductus-client-key.pem'],
  rocheClient: ['roche-client.pem', 'roche-client-key.pem'],
} as const satisfies Record<keyof Certificates, readonly [string, string]>;

/** Makes a new set, valid for two years. */
export async function createCertificates(options: CertificateOptions = {}): Promise<Certificates> {
  const notBeforeDate = new Date(Math.min(Date.now(), options.notAfter?.getTime() ?? Infinity) - 60_000);
  const inYears = new Date(notBeforeDate);
  inYears.setFullYear(inYears.getFullYear() + VALID_YEARS);
  const notAfterDate = options.notAfter ?? inYears;
  const common = {
    keyType: options.keyType ?? 'ec',
    curve: 'P-256',
    keySize: 2048,
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate,
  } as const;

  const authority = await generate([{ name: 'commonName', value: 'Ductus throw-away CA' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = { cert: authority.cert, key: authority.private };
  const issue = (commonName: string, usage: Usage, names: readonly string[]): Promise<KeyPair> =>
    issueWith({ ...common, ca }, commonName, usage, names);
  return {
    ca,
    server: await issue('localhost', { serverAuth: true }, serverNames(options)),
    ductusClient: await issue(...DUCTUS_CLIENT),
    rocheClient: await issue('roche-dc-simulator', { clientAuth: true }, ['roche-dc-simulator.localhost']),
  };
}

type Usage = { serverAuth: true } | { clientAuth: true };

const DUCTUS_CLIENT = ['ductus', { clientAuth: true }, ['ductus.localhost']] as const;

/** Makes another client certificate for Ductus (EC P-256), signed by the authority of a set. @param notAfter its end */
export async function issueClientCertificate(ca: KeyPair, notAfter: Date): Promise<KeyPair> {
  const notBeforeDate = new Date(Math.min(Date.now(), notAfter.getTime()) - 60_000);
  const common = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256', notBeforeDate, notAfterDate: notAfter } as const;
  return issueWith({ ...common, ca }, ...DUCTUS_CLIENT);
}

async function issueWith(
  common: NonNullable<Parameters<typeof generate>[1]>,
  commonName: string,
  usage: Usage,
  names: readonly string[],
): Promise<KeyPair> {
  const issued = await generate([{ name: 'commonName', value: commonName }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: common.keyType === 'rsa', critical: true },
      { name: 'extKeyUsage', ...usage },
      {
        name: 'subjectAltName',
        altNames: names.map((name) =>
          name === '127.0.0.1' ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
        ),
      },
    ],
  });
  return { cert: issued.cert, key: issued.private };
}

/**
 * Gives the set in a folder, made there when it is missing, incomplete, lacks a name or ends within 30 days.
 * Files are PEM; keys can be read by the owner only.
 * @param folder made when it does not exist
 */
export async function writeCertificates(folder: string, options: CertificateOptions = {}): Promise<Certificates> {
  const present = await readCertificates(folder);
  if (present !== undefined && isUsable(present, serverNames(options))) {
    return present;
  }
  const made = await createCertificates(options);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of names()) {
    const [certFile, keyFile] = FILES[name];
    await writeFile(join(folder, certFile), made[name].cert);
    await writeFile(join(folder, keyFile), made[name].key, { mode: 0o600 });
    // `mode` above counts for new files only.
    await chmod(join(folder, keyFile), 0o600);
  }
  return made;
}

async function readCertificates(folder: string): Promise<Certificates | undefined> {
  const pair = async ([certFile, keyFile]: readonly [string, string]): Promise<KeyPair> => ({
    cert: await readFile(join(folder, certFile), 'utf8'),
    key: await readFile(join(folder, keyFile), 'utf8'),
  });
  try {
    return {
      ca: await pair(FILES.ca),
      server: await pair(FILES.server),
      ductusClient: await pair(FILES.ductusClient),
      rocheClient: await pair(FILES.rocheClient),
    };
  } catch (error) {
    if (types.isNativeError(error) && 'code' in error && error.code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/** Whether a set belongs together, lasts and has the names. A file that is no certificate makes the set unusable. */
function isUsable(set: Certificates, wanted: readonly string[]): boolean {
  try {
    const ca = new X509Certificate(set.ca.cert);
    const lasts = names().every((name) => {
      const certificate = new X509Certificate(set[name].cert);
      return (
        certificate.validToDate.getTime() > Date.now() + RENEW_BEFORE_MS &&
        certificate.verify(ca.publicKey) &&
        certificate.checkPrivateKey(createPrivateKey(set[name].key))
      );
    });
    const has = new Set((new X509Certificate(set.server.cert).subjectAltName ?? '').split(', '));
    return lasts && wanted.every((name) => has.has(name === '127.0.0.1' ? `IP Address:${name}` : `DNS:${name}`));
  } catch {
    return false;
  }
}

function serverNames(options: CertificateOptions): readonly string[] {
  return [...new Set<string>([...SERVER_NAMES, '127.0.0.1', ...(options.serverNames ?? [])])];
}

function names(): readonly (keyof Certificates)[] {
  return ['ca', 'server', 'ductusClient', 'rocheClient'];
}
