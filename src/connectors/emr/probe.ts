/** Looks whether a destination could take messages, without sending one. */
import { randomBytes } from 'node:crypto';
import { rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { DestinationConfig } from '../../runtime/config/schema';
import { ask } from '../http/ask';
import { connectPeer } from '../http/connect-peer';
import { authorization } from './web-endpoint';

export interface Probe {
  /** What it says of itself, or undefined when it can be used. */
  readonly problem?: { readonly what: string; readonly todo: string };
  readonly said: string;
  /** End of its certificate. */
  readonly certificateEnds?: Date | undefined;
  /** Its clock, where it tells. */
  readonly date?: Date | undefined;
}

/** @throws errors of the network (`networkReason`) and of the file system; DuctusError DUCTUS_EMR_MISCONFIGURED */
export async function probeDestination(config: DestinationConfig, timeLimitMs: number): Promise<Probe> {
  switch (config.kind) {
    case 'mllp': {
      const { certificateEnds } = await connectPeer({ ...config, tls: config.tls, timeLimitMs });
      return { said: `${config.tls === undefined ? 'takes connections' : 'takes TLS connections'}`, certificateEnds };
    }
    case 'http':
      return probeWeb(config, 'OPTIONS', config.url, timeLimitMs);
    case 'fhir':
      return probeWeb(config, 'GET', `${config.url.replace(/\/$/, '')}/metadata`, timeLimitMs);
    case 'file':
      return probeFolder(config.folder);
  }
}

async function probeWeb(
  config: Extract<DestinationConfig, { kind: 'http' | 'fhir' }>,
  method: 'GET' | 'OPTIONS',
  url: string,
  timeLimitMs: number,
): Promise<Probe> {
  const { tls, credentials, kind } = config;
  const accept = { accept: kind === 'fhir' ? 'application/fhir+json' : '*/*' };
  const target = new URL(url);
  const isTls = target.protocol === 'https:';
  const certificateEnds = isTls
    ? (
        await connectPeer({
          host: target.hostname,
          port: Number(target.port === '' ? 443 : target.port),
          tls: tls ?? {},
          timeLimitMs,
        })
      ).certificateEnds
    : undefined;
  const { status, date, body } = await ask({
    url,
    method,
    tls,
    headers: { ...accept, ...authorization(credentials) },
    timeLimitMs,
  });
  const seen = { certificateEnds, date };
  if (status === 401 || status === 403) {
    return {
      ...seen,
      said: '',
      problem: {
        what: `it refuses the credentials (HTTP ${String(status)})`,
        todo: 'Compare `credentials` and the client certificate with what the EMR has for Ductus.',
      },
    };
  }
  if (kind === 'fhir') return { ...seen, ...capability(status, body) };
  if (status === 404 || status >= 500) {
    return {
      ...seen,
      said: '',
      problem: {
        what: `it answers OPTIONS with HTTP ${String(status)}`,
        todo: status === 404 ? 'Check the path of `url`.' : 'Look at the log of the EMR interface.',
      },
    };
  }
  return { ...seen, said: `answers (HTTP ${String(status)})` };
}

/** A server's capability statement (https://hl7.org/fhir/R4/http.html#capabilities). */
function capability(status: number, body: string): Probe {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    parsed = undefined;
  }
  const version =
    typeof parsed === 'object' && parsed !== null && 'fhirVersion' in parsed ? parsed.fhirVersion : undefined;
  if (status !== 200 || typeof version !== 'string') {
    return {
      said: '',
      problem: {
        what: `its /metadata gives no capability statement (HTTP ${String(status)})`,
        todo: 'Check that `url` is the base of a FHIR server.',
      },
    };
  }
  if (!version.startsWith('4.0')) {
    return {
      said: '',
      problem: { what: `it speaks FHIR ${version.slice(0, 10)}, not R4`, todo: 'Use the R4 endpoint of the server.' },
    };
  }
  return { said: `FHIR ${version.slice(0, 10)}` };
}

async function probeFolder(folder: string): Promise<Probe> {
  if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error('no folder'), { code: 'ENOTDIR' });
  // A name that starts with a dot, as the destination's own unfinished files: readers leave it alone.
  const file = path.join(folder, `.ductus-doctor-${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeFile(file, '', { flag: 'wx', mode: 0o600 });
  } finally {
    await rm(file, { force: true });
  }
  return { said: 'the folder can be written' };
}
