/** The site's files as a worker loads them at its start. How Node itself loads a module is tested in test/cli. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseConfig } from '../../../src/runtime/config/load';
import { loadSiteFiles } from '../../../src/runtime/site/site-files';
import { DuctusError } from '../../../src/domain/errors';
import { DestinationIdSchema } from '../../../src/domain/identifiers';
import { temporaryFolder } from '../../support/temporary-folder';
import { testConfig } from '../../support/config';

const id = (name: string) => DestinationIdSchema.parse(name);

const MAP = (code: string): string =>
  `name: x\nmap:\n  - from: { system: http://loinc.org, code: ${code} }\n    to: { system: 99LAB, code: A, display: a }\n`;

function folderWith(files: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder.path, name), content);
  return folder;
}

function load(folder: string, mapping: { codeMaps?: string[]; module?: string }) {
  const at = (file: string): string => path.join(folder, file);
  const config = testConfig({
    organizations: {},
    destinations: {
      emr: {
        kind: 'mllp',
        host: 'localhost',
        port: 1,
        mapping: {
          codeMaps: (mapping.codeMaps ?? []).map(at),
          ...(mapping.module === undefined ? {} : { module: at(mapping.module) }),
        },
      },
      plain: { kind: 'mllp', host: 'localhost', port: 1 },
    },
  });
  return loadSiteFiles(config);
}

function problemOf(folder: string, mapping: { codeMaps?: string[]; module?: string }): string {
  try {
    load(folder, mapping);
  } catch (error) {
    if (error instanceof DuctusError && error.code === 'DUCTUS_CONFIG_INVALID') return error.message;
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('files of a site', () => {
  it('should be loaded for the destination that names them', () => {
    using folder = folderWith({
      'a.yaml': MAP('41653-7'),
      'b.yaml': MAP('14743-9'),
      'mapping.js': 'exports.mapping = { segments: (segments) => [...segments, "ZZZ|1"] };',
    });
    const site = load(folder.path, { codeMaps: ['a.yaml', 'b.yaml'], module: 'mapping.js' });
    expect(site(id('emr')).codeMappings.map(({ from }) => from.code)).toEqual(['41653-7', '14743-9']);
    expect(site(id('emr')).mapping?.segments?.(['MSH'])).toEqual(['MSH', 'ZZZ|1']);
    expect(site(id('plain'))).toEqual({ codeMappings: [], mapping: undefined });
    expect(site(id('unknown'))).toEqual({ codeMappings: [], mapping: undefined });
  });

  it('should all be named that cannot be used, each with what is wrong', () => {
    using folder = folderWith({ 'a.yaml': MAP('41653-8'), 'b.yaml': 'name: x' });
    const problem = problemOf(folder.path, { codeMaps: ['a.yaml', 'b.yaml', 'none.yaml'], module: 'none.ts' });
    expect(problem).toMatch(/a\.yaml: map\.0 \(line 3\): from\.code "41653-8" is no LOINC code/);
    expect(problem).toMatch(/b\.yaml: map: is missing/);
    expect(problem).toMatch(/none\.yaml: cannot be read \(there is no such file\)/);
    expect(problem).toMatch(/none\.ts: there is no such file/);
  });

  it('should not name the same code in two files', () => {
    using folder = folderWith({ 'a.yaml': MAP('41653-7'), 'b.yaml': MAP('41653-7') });
    expect(problemOf(folder.path, { codeMaps: ['a.yaml', 'b.yaml'] })).toMatch(
      /b\.yaml: 41653-7 stands in .*a\.yaml too/,
    );
  });

  it.each([
    ['an export of another name', 'exports.mappings = {};', 'has no export with the name `mapping`'],
    ['no object', 'exports.mapping = 5;', 'mapping '],
    [
      'a function of another name',
      'exports.mapping = { segment() {} };',
      'has segment, which is none of item, segments',
    ],
    ['something else than functions', 'exports.mapping = { item: {} };', 'mapping.item must be a function'],
    ['an error', 'throw new Error("no licence");', 'cannot be loaded: no licence'],
    ['a typing error', 'exports.mapping = {', 'cannot be loaded: '],
  ])('should stop a module with %s', (_name, content, expected) => {
    using folder = folderWith({ 'mapping.js': content });
    expect(problemOf(folder.path, { module: 'mapping.js' })).toContain(expected);
  });

  it('should not be taken for a module without its ending', () => {
    using folder = folderWith({ 'mapping.txt': '' });
    expect(problemOf(folder.path, { module: 'mapping.txt' })).toContain('is neither TypeScript nor JavaScript');
  });

  it('should be looked for beside the configuration', () => {
    const text = `
encryption: { currentKey: k1, keys: { k1: { env: KEY } }, hashKey: { env: HASH_KEY } }
organizations: {}
destinations:
  emr: { kind: mllp, host: localhost, port: 1, mapping: { codeMaps: [maps/a.yaml, /etc/b.yaml], module: mapping.ts } }
`;
    const env = { KEY: Buffer.alloc(32).toString('base64'), HASH_KEY: 'x'.repeat(20) };
    const config = parseConfig(text, { name: 'ductus.yaml', folder: '/srv/ductus', env });
    expect(config.destinations[id('emr')]?.mapping).toMatchObject({
      codeMaps: ['/srv/ductus/maps/a.yaml', '/etc/b.yaml'],
      module: '/srv/ductus/mapping.ts',
    });
  });
});
