/**
 * The certificates of the configuration and when they end: an expired one stops everything at once, and can be seen
 * coming. Read at the start, as the connections do; a renewed certificate counts after a restart.
 */
import { X509Certificate } from 'node:crypto';
import type { Config } from './config/schema';
import type { Secret } from './config/secret';

export interface ConfiguredCertificate {
  /** Where it stands in the configuration: `organizations.st-marien.roche.tls.cert`. */
  readonly name: string;
  readonly kind: 'certificate' | 'authority';
  /** End of the first one to end, of a file with several. Undefined when it cannot be read. */
  readonly notAfter: Date | undefined;
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** When the first certificate of a PEM text ends; undefined when none can be read. */
export function notAfter(pem: string): Date | undefined {
  let first: Date | undefined;
  for (const [text] of pem.matchAll(PEM)) {
    try {
      const { validToDate } = new X509Certificate(text);
      if (first === undefined || validToDate < first) first = validToDate;
    } catch {
      return undefined;
    }
  }
  return first;
}

/** All certificates of the configuration, by the key under which they stand. */
export function configuredCertificates(config: Config): readonly ConfiguredCertificate[] {
  const found: ConfiguredCertificate[] = [];
  const add = (name: string, kind: ConfiguredCertificate['kind'], pem: Secret | undefined): void => {
    if (pem !== undefined) found.push({ name, kind, notAfter: notAfter(pem.reveal()) });
  };
  const addTls = (
    path: string,
    tls: { readonly cert?: Secret | undefined; readonly ca?: Secret | undefined } | undefined,
  ): void => {
    add(`${path}.cert`, 'certificate', tls?.cert);
    add(`${path}.ca`, 'authority', tls?.ca);
  };
  add('api.tls.cert', 'certificate', config.api.tls?.cert);
  add('api.tls.clientCa', 'authority', config.api.tls?.clientCa);
  addTls('temporal.tls', config.temporal.tls);
  for (const [id, organization] of Object.entries(config.organizations)) {
    addTls(`organizations.${id}.roche.tls`, organization.roche.tls);
    add(`organizations.${id}.retrieval.ca`, 'authority', organization.retrieval.ca);
    for (const [index, { tls }] of (organization.patientSync?.mllp ?? []).entries()) {
      const path = `organizations.${id}.patientSync.mllp.${String(index)}.tls`;
      add(`${path}.cert`, 'certificate', tls?.cert);
      add(`${path}.clientCa`, 'authority', tls?.clientCa);
    }
  }
  for (const [id, destination] of Object.entries(config.destinations)) {
    if ('tls' in destination) addTls(`destinations.${id}.tls`, destination.tls);
  }
  return found;
}
