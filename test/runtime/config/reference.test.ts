import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { configurationKeys, configurationReference } from '../../../src/runtime/config/reference';
import { createConfigSchema } from '../../../src/runtime/config/schema';
import { Secret } from '../../../src/runtime/config/secret';

const ROOT = join(__dirname, '../../..');

describe('the reference of the configuration', () => {
  it('should describe every key', () => {
    const keys = configurationKeys();
    expect(keys.length).toBeGreaterThan(80);
    expect(keys.filter((each) => each.description === '').map((each) => each.key)).toEqual([]);
  });

  it('should show defaults, ranges, kinds and secrets', () => {
    const page = configurationReference();
    expect(page).toContain('| `api.port` | integer, 0 to 65535 | `8080` | 0: a free one |');
    expect(page).toContain('| `blobs.store.kind` | `folder`, `s3` | `folder` |');
    expect(page).toContain('| `encryption.keys.<name>` | secret |');
    expect(page).toContain('| `organizations.<name>.emrOid` | text | required |');
    expect(page).toContain('| `DUCTUS_STORE_URL` | `store.url` |');
  });

  it('should show a key that differs between kinds for each of them, and one that does not without a kind', () => {
    const page = configurationReference();
    expect(page).toContain('| `destinations.<name>.format` | `hl7`, `json` | `hl7` | (http) HL7 v2 (');
    expect(page).toContain(
      '| `destinations.<name>.format` | `hl7`, `fhir`, `json` | `hl7` | (file) form of the files |',
    );
    expect(page).toContain('| `destinations.<name>.maxAnswerBytes` | integer, at least 1 | `65536` | (mllp) ');
    expect(page).toContain('| `destinations.<name>.maxAnswerBytes` | integer, at least 1 | `4194304` | (http, fhir) ');
    expect(page).toContain('| `destinations.<name>.hl7.sendingFacility` | text | `ROCHE` | MSH-4 |');
  });
});

describe('config/example.yaml', () => {
  const content: unknown = parse(readFileSync(join(ROOT, 'config/example.yaml'), 'utf8'));

  it('should be a valid configuration', () => {
    const schema = createConfigSchema(() => new Secret('a secret of at least sixteen characters'));
    const result = schema.safeParse(content);
    expect(result.error === undefined ? [] : z.prettifyError(result.error)).toEqual([]);
    expect(Object.keys(result.data ?? {})).toEqual(expect.arrayContaining(['organizations', 'destinations']));
  });

  it('should show every section', () => {
    const sections = configurationKeys().map(({ key }) => key.split(/[.[]/)[0]);
    expect(Object.keys(z.looseObject({}).parse(content))).toEqual(
      expect.arrayContaining([...new Set(sections)].filter((name) => name !== 'dataSharing')),
    );
  });
});
