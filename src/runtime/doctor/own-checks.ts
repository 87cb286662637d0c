/** What can be judged without asking anybody: site files, keys, operators, certificates, time zones. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { configuredCertificates } from '../certificates';
import { createKeyRing } from '../codec/key-ring';
import { createKeyedHash } from '../codec/keyed-hash';
import type { ClientTlsConfig, Config } from '../config/schema';
import { loadSiteFiles } from '../site/site-files';
import type { Report } from './check';

/** A token that can be guessed in a day is none. */
const SHORTEST_TOKEN = 20;

export function checkSiteFiles(config: Config, report: Report): void {
  loadSiteFiles(config);
  const files = Object.values(config.destinations).flatMap(({ mapping }) => [
    ...mapping.codeMaps,
    ...(mapping.module === undefined ? [] : [mapping.module]),
  ]);
  report.ok(`read, with its secrets and ${String(new Set(files).size)} code maps and mapping modules`);
}

export function checkKeys(config: Config, report: Report): void {
  createKeyRing(config.encryption);
  createKeyedHash(config.encryption.hashKey);
  const byValue = new Map<string, string>();
  for (const [id, secret] of Object.entries(config.encryption.keys)) {
    const value = secret.reveal().trim();
    const twin = byValue.get(value);
    if (twin !== undefined) {
      report.warn(
        `the keys ${twin} and ${id} are the same`,
        'Make a new key (openssl rand -base64 32): a rotation to the same key is none.',
      );
    }
    byValue.set(value, id);
  }
  if (byValue.has(config.encryption.hashKey.reveal().trim())) {
    report.warn(
      'hashKey is also one of the keys',
      'Use another one for a new installation. On one that has data it must not be changed any more.',
    );
  }
  report.ok(`${String(byValue.size)} keys, ${config.encryption.currentKey} encrypts`);
}

export function checkOperators({ operators }: Config, report: Report): void {
  if (operators.length === 0) {
    report.warn(
      'nobody may use the operations API',
      'Add people to `operators`, or go on with the command line on this machine alone.',
    );
    return;
  }
  const names = new Map<string, string>();
  for (const { name, token } of operators) {
    const value = token.reveal();
    const twin = names.get(value);
    if (twin !== undefined && twin !== name) {
      report.fail(
        `${twin} and ${name} have the same token`,
        'Give each a token of their own: the ledger would name the wrong person.',
      );
    }
    names.set(value, name);
    if (value.length < SHORTEST_TOKEN) {
      report.warn(
        `the token of ${name} has fewer than ${String(SHORTEST_TOKEN)} characters`,
        'Make a longer one (openssl rand -base64 32).',
      );
    }
  }
  if (!operators.some(({ rights }) => rights.includes('repair'))) {
    report.warn('nobody has the right `repair`', 'Give it to the people who decide on parked work.');
  }
  report.ok(`${String(operators.length)} operators`);
}

/** Node can be built with few zones, and a container can lack them: a wrong zone moves the time of a reading. */
export function checkTimeZones(config: Config, report: Report): void {
  // Central European summer time is UTC+2 (EU directive 2000/84/EC); without data Node answers UTC.
  const summer = new Intl.DateTimeFormat('en', { timeZone: 'Europe/Berlin', hour: 'numeric', hour12: false });
  if (summer.format(new Date('2026-07-01T10:00:00Z')) !== '12') {
    report.fail(
      'the time zone data of this Node is wrong',
      'Run a Node with full ICU data, as the one in node_modules.',
    );
    return;
  }
  const zones = new Set(Object.values(config.organizations).map(({ timeZone }) => timeZone));
  report.ok(`time zone data ${process.versions['tz'] ?? 'of the system'} has ${[...zones].join(', ') || 'every zone'}`);
}

/** Ends of all certificates of the configuration, and whether keys belong to them. */
export function checkCertificates(config: Config, report: Report): void {
  const found = configuredCertificates(config);
  let isFine = true;
  for (const { name, kind, notAfter } of found) {
    if (notAfter === undefined) {
      report.fail(
        `${name} holds no certificate that can be read`,
        'Give the certificate as PEM (-----BEGIN CERTIFICATE-----).',
        name,
      );
      isFine = false;
      continue;
    }
    const what = kind === 'authority' ? 'a certificate authority' : 'the certificate';
    const renew =
      kind === 'authority'
        ? 'Ask for the new authority certificate and set it.'
        : 'Renew it, set it, and restart Ductus.';
    const at = report.findings.length;
    if (report.certificate(what, notAfter, renew)) isFine = false;
    for (const finding of report.findings.splice(at)) report.findings.push({ ...finding, where: name });
  }
  for (const [where, tls] of clientTls(config)) {
    if (tls.cert === undefined || tls.key === undefined) continue;
    const problem = keyProblem(tls.cert.reveal(), tls.key.reveal());
    if (problem === undefined) continue;
    isFine = false;
    report.fail(problem, 'Give the key that the certificate was issued for.', `${where}.key`);
  }
  if (isFine) report.ok(`${String(found.length)} certificates, none ends within 30 days`);
}

function clientTls(config: Config): readonly (readonly [string, Pick<ClientTlsConfig, 'cert' | 'key'>])[] {
  return [
    ...(config.api.tls === undefined ? [] : [['api.tls', config.api.tls] as const]),
    ...(config.temporal.tls === undefined ? [] : [['temporal.tls', config.temporal.tls] as const]),
    ...Object.entries(config.organizations).map(
      ([id, { roche }]) => [`organizations.${id}.roche.tls`, roche.tls] as const,
    ),
    ...Object.entries(config.organizations).flatMap(([id, { patientSync }]) =>
      (patientSync?.mllp ?? []).flatMap(({ tls }, index) =>
        tls === undefined ? [] : [[`organizations.${id}.patientSync.mllp.${String(index)}.tls`, tls] as const],
      ),
    ),
    ...Object.entries(config.destinations).flatMap(([id, destination]) =>
      'tls' in destination && destination.tls !== undefined
        ? [[`destinations.${id}.tls`, destination.tls] as const]
        : [],
    ),
  ];
}

function keyProblem(cert: string, key: string): string | undefined {
  try {
    const certificate = new X509Certificate(cert);
    return certificate.checkPrivateKey(createPrivateKey(key))
      ? undefined
      : 'the key does not belong to the certificate';
  } catch {
    return 'the key cannot be read';
  }
}
