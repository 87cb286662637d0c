import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuctusError } from '../../../src/domain/errors';
import { loadConfig, parseConfig } from '../../../src/runtime/config/load';
import type { Config } from '../../../src/runtime/config/schema';
import { temporaryFolder } from '../../support/temporary-folder';
import type { TemporaryFolder } from '../../support/temporary-folder';

const ENV = { KEY: 'a'.repeat(44), HASH: 'planted-hash-key', PASSWORD: 'planted-password', CLIENT: 'planted-client' };

const MINIMAL = `
encryption:
  currentKey: k1
  keys: { k1: { env: KEY } }
  hashKey: { env: HASH }
organizations:
  st-marien:
    emrOid: '2.999.1.1'
    timeZone: Europe/Berlin
    notification: { basic: { username: roche, password: { env: PASSWORD } } }
    roche: { servicesUrl: 'https://roche.example/', clientId: id, clientSecret: { env: CLIENT }, tls: {} }
    destinations: [emr]
destinations:
  emr: { kind: mllp, host: 127.0.0.1, port: 2575 }
`;

function parse(text: string, env: Readonly<Record<string, string>> = {}): Config {
  return parseConfig(text, { name: 'ductus.yaml', folder: '/nowhere', env: { ...ENV, ...env } });
}

/** The lines of the message of a configuration that must be refused. */
function problems(text: string, env: Readonly<Record<string, string>> = {}): string[] {
  try {
    parse(text, env);
  } catch (error) {
    if (error instanceof DuctusError && error.code === 'DUCTUS_CONFIG_INVALID') {
      return error.message.split('\n');
    }
    throw error;
  }
  throw new Error('the configuration was taken');
}

describe('parseConfig', () => {
  it('should fill in defaults and read secrets', () => {
    const config = parse(MINIMAL);
    expect(config.api).toMatchObject({ host: '127.0.0.1', port: 8080 });
    expect(config.destinations).toMatchObject({ emr: { connections: 4, unmapped: 'report', onAmbiguous: 'resend' } });
    expect(config.encryption.hashKey.reveal()).toBe('planted-hash-key');
    expect(JSON.stringify(config)).not.toContain('planted');
  });

  it('should not ask for consent where nobody could be in the registry', () => {
    const required = MINIMAL.replace(
      'destinations: [emr]',
      'destinations: [emr]\n    patientIdentity: { consent: required }',
    );
    expect(problems(required).join('\n')).toContain(
      'organizations.st-marien.patientIdentity.consent: "required" needs patientSync',
    );
    const synced = `${required.trimEnd()}\n`.replace(
      'patientIdentity:',
      'patientSync: { fhirUrl: "https://roche.example/stu3/" }\n    patientIdentity:',
    );
    expect(Object.values(parse(synced).organizations)).toMatchObject([
      { patientIdentity: { consent: 'required', withoutConsent: 'park', source: 'as-sent' } },
    ]);
  });

  it('should refuse listeners of one port, and an authority that no PID-3 can have', () => {
    const synced = (sync: string) =>
      MINIMAL.replace(
        'destinations: [emr]',
        `destinations: [emr]\n    patientSync: { fhirUrl: "https://roche.example/stu3/", ${sync} }`,
      );
    expect(problems(synced('mllp: [{ name: a, port: 2575 }, { name: b, port: 2575 }]')).join('\n')).toContain(
      'organizations.st-marien.patientSync.mllp.1.port: 2575 is wrong; is also the port of another listener',
    );
    const several =
      'mllp: [{ name: a, port: 0 }, { name: b, port: 0 }, { name: c, port: 1 }, { name: d, host: "::", port: 1 }]';
    expect(() => parse(synced(several))).not.toThrow();
    expect(problems(synced('identifier: { authority: "HOSP&1.2.3&ISO" }')).join('\n')).toContain(
      'organizations.st-marien.patientSync.identifier.authority: is the first part of PID-3.4 alone',
    );
  });

  it('should freeze all of it', () => {
    const config = parse(MINIMAL);
    expect(() => Object.assign(config.api, { port: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.organizations, { other: {} })).toThrow(TypeError);
  });

  it('should lay environment variables over the file, and the file over defaults', () => {
    const config = parse(`api: { port: 9000, host: 0.0.0.0 }\n${MINIMAL}`, {
      DUCTUS_API_PORT: '9001',
      DUCTUS_TEMPORAL_ADDRESS: 'temporal:7233',
      DUCTUS_STORE_URL: 'postgres://u:p@db/ductus',
      DUCTUS_LOG_LEVEL: 'debug',
    });
    expect(config.api).toMatchObject({ port: 9001, host: '0.0.0.0', bodyLimitBytes: 65_536 });
    expect(config.temporal.address).toBe('temporal:7233');
    expect(config.store.url?.reveal()).toBe('postgres://u:p@db/ductus');
    expect(config.log.level).toBe('debug');
  });

  it('should name the variable of a value that is wrong', () => {
    expect(problems(MINIMAL, { DUCTUS_API_PORT: 'eighty', DUCTUS_LOG_LEVEL: 'loud' })).toEqual([
      'ductus.yaml cannot be used: 2 problems',
      '  api.port: expected number (set by DUCTUS_API_PORT)',
      '  log.level: "loud" is wrong; allowed: debug, info, warn, error (set by DUCTUS_LOG_LEVEL)',
    ]);
  });

  it('should list all problems at once, each with key, line and what is allowed', () => {
    const text = MINIMAL.replace('timeZone: Europe/Berlin', 'timeZone: Europe/Berln')
      .replace("emrOid: '2.999.1.1'", 'emrOid: two')
      .replace('port: 2575', 'port: 99999, conections: 3')
      .replace('destinations: [emr]', 'destinations: []');
    expect(problems(text)).toEqual([
      'ductus.yaml cannot be used: 5 problems',
      '  organizations.st-marien.emrOid: an OID has digits and dots only (line 8)',
      '  organizations.st-marien.timeZone: is not an IANA time zone (line 9)',
      '  organizations.st-marien.destinations: must be at least 1 entries (line 12)',
      '  destinations.emr.port: 99999 is wrong; must be at most 65535 (line 14)',
      '  destinations.emr.conections: is not a key of this section (line 14)',
    ]);
  });

  it('should say what is missing', () => {
    expect(problems('api: {}')).toEqual([
      'ductus.yaml cannot be used: 3 problems',
      '  encryption: is missing; expected object',
      '  organizations: is missing; expected object',
      '  destinations: is missing; expected object',
    ]);
  });

  it('should refuse a destination that does not exist, and an OID that two organizations have', () => {
    const twin = MINIMAL.replace(
      'destinations:\n  emr:',
      `  st-anna:
    emrOid: '2.999.1.1'
    timeZone: UTC
    notification: { basic: { username: roche, password: { env: PASSWORD } } }
    roche: { servicesUrl: 'https://roche.example/', clientId: id, clientSecret: { env: CLIENT }, tls: {} }
    destinations: [his]
destinations:
  emr:`,
    );
    expect(problems(twin).slice(1)).toEqual([
      '  organizations.st-anna.emrOid: is also the emrOid of st-marien (line 14)',
      '  organizations.st-anna.destinations.0: "his" is not one of destinations (line 18)',
    ]);
  });

  it('should refuse a secret that is written into the file, without repeating it', () => {
    const text = MINIMAL.replace('password: { env: PASSWORD }', 'password: hunter2').replace(
      'k1: { env: KEY }',
      'k1: c2VjcmV0',
    );
    const lines = problems(text);
    expect(lines.slice(1)).toEqual([
      '  encryption.keys.k1: write a secret as { env: NAME } or { file: PATH }, never in the file itself (line 4)',
      expect.stringContaining('notification.basic.password: write a secret as { env: NAME }'),
    ]);
    expect(lines.join()).not.toMatch(/hunter2|c2VjcmV0/);
  });

  it('should not quote a text, which may be a secret in the wrong place', () => {
    const text = MINIMAL.replace('currentKey: k1', 'currentKey: hunter2').replace(
      'username: roche',
      'username: [hunter3]',
    );
    expect(problems(text).join()).not.toContain('hunter');
  });

  it('should name the variable or the file of a secret that cannot be read', () => {
    const text = MINIMAL.replace('{ env: HASH }', '{ env: NOT_SET }').replace(
      '{ env: CLIENT }',
      '{ file: missing.txt }',
    );
    expect(problems(text).slice(1)).toEqual([
      '  encryption.hashKey: the environment variable NOT_SET is not set (line 5)',
      expect.stringContaining('roche.clientSecret: the file missing.txt cannot be read (ENOENT)'),
    ]);
  });

  it('should say where the file is no YAML', () => {
    expect(problems('api:\n  port: [1\nlog: {}')).toEqual([
      'ductus.yaml is not YAML: 1 problem',
      expect.stringMatching(/^ {2}line 3: /),
    ]);
  });

  it.each(['', '- a list', 'just text'])('should refuse %j', (text) => {
    expect(problems(text).length).toBeGreaterThan(1);
  });
});

describe('loadConfig', () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder[Symbol.dispose]());

  function write(name: string, text: string): string {
    const path = join(folder.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  it('should read the file that is given, or else the one of DUCTUS_CONFIG', () => {
    const file = write('ductus.yaml', MINIMAL);
    const other = write('other.yaml', `api: { port: 1 }\n${MINIMAL}`);
    expect(loadConfig({ env: { ...ENV, DUCTUS_CONFIG: other } }).api.port).toBe(1);
    expect(loadConfig({ file, env: { ...ENV, DUCTUS_CONFIG: other } }).api.port).toBe(8080);
  });

  it('should read secrets from files beside it, without the line end', () => {
    write('secrets/password', 'from a file\n');
    write('secrets/empty', '\n');
    const file = write('ductus.yaml', MINIMAL.replace('{ env: PASSWORD }', '{ file: secrets/password }'));
    const config = loadConfig({ file, env: ENV });
    const [organization] = Object.values(config.organizations);
    expect(organization?.notification.basic?.password.reveal()).toBe('from a file');

    const empty = write('empty.yaml', MINIMAL.replace('{ env: PASSWORD }', '{ file: secrets/empty }'));
    expect(() => loadConfig({ file: empty, env: ENV })).toThrow('the file secrets/empty is empty');
  });

  it('should say that there is no file', () => {
    expect(() => loadConfig({ env: {} })).toThrow('set DUCTUS_CONFIG');
    expect(() => loadConfig({ file: join(folder.path, 'none.yaml'), env: {} })).toThrow('cannot be read (ENOENT)');
  });
});
