/** What `npm start` writes into its folder. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { writeDemoConfig } from '../../demo/config';
import { DemoFolder } from '../../demo/folder';
import { writeSecrets } from '../../demo/secrets';
import { writeCertificates } from '../../simulators/certificates';
import { loadConfig } from '../../src/runtime/config/load';
import { temporaryFolder } from '../support/temporary-folder';

const ADDRESSES = {
  apiPort: 8080,
  temporalPort: 7233,
  temporalUiPort: 8233,
  codecPort: 8234,
  rocheServicesUrl: 'https://localhost:9001/partners/services/api/',
  rocheFhirUrl: 'https://localhost:9003/partners/fhir/stu3/api/',
  s3Endpoint: 'https://localhost:9002',
  emrPort: 2600,
  hisPorts: [2575, 2576],
};

describe('demo folder', () => {
  it('should hold a configuration that Ductus takes, with no secret in it', async () => {
    using temporary = temporaryFolder();
    const folder = new DemoFolder(join(temporary.path, 'demo'));
    const secrets = writeSecrets(folder.secrets);
    await writeCertificates(folder.certificates);
    writeDemoConfig(folder, ADDRESSES);

    const config = loadConfig({ file: folder.config, env: {} });
    expect(Object.keys(config.organizations)).toEqual(['st-marien', 'st-anna']);
    expect(config.dataDir).toBe(folder.data);
    expect(config.codec?.port).toBe(ADDRESSES.codecPort);
    expect(config.operators[0]?.token.reveal()).toBe(secrets['operator-token']);
    const text = readFileSync(folder.config, 'utf8');
    for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
    expect(parse(text)).toHaveProperty('destinations.emr-main.port', ADDRESSES.emrPort);
    expect(
      Object.values(config.organizations).map(({ timeZone, destinations }) => [timeZone, ...destinations]),
    ).toEqual([
      ['Europe/Berlin', 'emr-main'],
      ['Atlantic/Canary', 'emr-anna'],
    ]);
    expect(Object.values(config.destinations).map(({ hl7 }) => [hl7.insulin, hl7.devices])).toEqual([
      ['oru', 'describe'],
      ['ras', 'describe'],
    ]);
    expect(Object.values(config.organizations).map(({ patientSync }) => patientSync?.mllp)).toMatchObject([
      [{ name: 'his-marien', host: '127.0.0.1', port: 2575 }],
      [{ name: 'his-anna', host: '127.0.0.1', port: 2576 }],
    ]);
    expect(Object.values(config.organizations).map(({ patientIdentity }) => patientIdentity)).toMatchObject([
      { source: 'as-sent', consent: 'ignore' },
      { source: 'registry', consent: 'required' },
    ]);
  });

  it('should keep its secrets for the owner alone, and the same at the next start', () => {
    using temporary = temporaryFolder();
    const folder = new DemoFolder(join(temporary.path, 'demo'));
    const secrets = writeSecrets(folder.secrets);
    expect(new Set(Object.values(secrets)).size).toBe(Object.keys(secrets).length);
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
    for (const name of Object.keys(secrets)) {
      expect(statSync(join(folder.secrets, name)).mode & 0o777).toBe(0o600);
    }
    expect(writeSecrets(folder.secrets)).toEqual(secrets);
  });

  it('should say who runs on it, and forget whoever is gone', () => {
    using temporary = temporaryFolder();
    const folder = new DemoFolder(temporary.path);
    const running = { pid: process.ppid, rocheControlUrl: 'http://127.0.0.1:1', organization: '2.999.1.1' };
    folder.writeRunning(running);
    expect(folder.running()).toEqual(running);
    expect(() => folder.assertFree()).toThrow(`process ${String(process.ppid)}`);
    // No process has the largest id.
    writeFileSync(join(folder.path, 'running.json'), JSON.stringify({ ...running, pid: 2 ** 22 + 1 }));
    expect(folder.running()).toBeUndefined();
    expect(() => folder.assertFree()).not.toThrow();
  });
});
