/** What `ductus config check` says beyond keys and secrets: what is probably not meant so, and folders that are not there. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';
import { ductus } from './ductus-command';
import { writtenConfig } from './written-config';

async function check(folder: string, destinations: object, more: { readonly json?: boolean } = {}) {
  const { file, env } = writtenConfig(folder, {}, {}, { destinations });
  return ductus([...(more.json === true ? ['--json'] : []), '--config', file, 'config', 'check'], env);
}

const mllp = { kind: 'mllp', host: 'localhost', port: 2575 };
const fhir = { kind: 'fhir', url: 'https://fhir.example/r4' };
const withAuthority = (patientAssigningAuthority: string) => ({ hl7: { patientAssigningAuthority } });
/** The organization `ward` of these configurations takes numbers from the registry and delivers to `fhir` and `spare`. */
const good = { emr: mllp, fhir: { ...fhir, ...withAuthority('WARD&2.999.1&ISO') }, spare: mllp };

describe('ductus config check', () => {
  it('should warn of the hospital’s own numbers that nobody can tell whose they are', async () => {
    using folder = temporaryFolder();
    const { status, stdout, stderr } = await check(folder.path, {
      emr: mllp,
      fhir: { ...fhir, ...withAuthority('WARD') },
      spare: mllp,
    });
    expect({ status, lines: stderr.trim().split('\n') }).toEqual({
      status: 0,
      lines: [
        expect.stringMatching(
          /^Warning: destinations\.fhir\.hl7\.patientAssigningAuthority: has no universal id, and ward/,
        ),
        expect.stringMatching(/^Warning: destinations\.spare\.hl7\.patientAssigningAuthority: is empty, and ward/),
      ],
    });
    expect(stdout).toContain('The configuration is valid: 2 organizations, 3 destinations.');
  });

  it('should say the same to a program', async () => {
    using folder = temporaryFolder();
    const { stdout, stderr } = await check(folder.path, good, { json: true });
    expect(JSON.parse(stdout)).toMatchObject({
      valid: true,
      warnings: [expect.stringContaining('destinations.spare.hl7.patientAssigningAuthority')],
    });
    expect(stderr).toBe('');
  });

  it('should have nothing to say where the authorities are set', async () => {
    using folder = temporaryFolder();
    const spare = { ...mllp, ...withAuthority('WARD') };
    expect(await check(folder.path, { ...good, spare })).toMatchObject({ status: 0, stderr: '' });
  });

  it('should warn of made-up patients in messages of production', async () => {
    using folder = temporaryFolder();
    const { file, env } = writtenConfig(folder.path, {});
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('https://roche.example/', 'https://api.rochedcplatform-sandbox.com/'));
    const { status, stderr } = await ductus(['--config', file, 'config', 'check'], env);
    expect(status).toBe(0);
    expect(stderr).toContain('Warning: destinations.emr.hl7.processingId: is P (production), and clinic');
  });

  it('should refuse a folder that is not there or is none', async () => {
    using folder = temporaryFolder();
    const there = path.join(folder.path, 'there');
    mkdirSync(there);
    const aFile = path.join(folder.path, 'file');
    writeFileSync(aFile, '');
    const spare = { ...mllp, ...withAuthority('WARD') };
    const emr = (name: string) => ({ kind: 'file', folder: name });
    expect(await check(folder.path, { ...good, spare, emr: emr(there) })).toMatchObject({ status: 0, stderr: '' });
    for (const [name, why] of [
      [path.join(folder.path, 'gone'), 'does not exist on this machine'],
      [aFile, 'is no folder'],
      // Not even root may write here.
      ['/proc/1', 'cannot be read and written by this user'],
    ] as const) {
      const { status, stderr } = await check(folder.path, { ...good, emr: emr(name) });
      expect({ status, stderr }).toEqual({
        status: 3,
        stderr: expect.stringContaining(`destinations.emr.folder: ${name} ${why}`),
      });
    }
  });
});
