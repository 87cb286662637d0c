import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';
import { writtenConfig } from './written-config';
import { ductus } from './ductus-command';

const ROW = (code: string): string =>
  `  - from: { system: http://loinc.org, code: ${code} }\n    to: { system: 99LAB, code: A, display: a }\n`;

describe('ductus code-maps check', () => {
  it('should say that the example has no problem', async () => {
    expect(await ductus(['code-maps', 'check', 'examples/glucose.codes.yaml'])).toEqual({
      status: 0,
      stdout: 'examples/glucose.codes.yaml: 4 rows, no problem (Glucose and insulin at St. Marien)\n',
      stderr: '',
    });
  });

  it('should end with 3 for a wrong file, and name what is wrong', async () => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, 'codes.yaml');
    writeFileSync(file, `name: x\nmap:\n${ROW('41653-8')}${ROW('41653-7')}${ROW('41653-7')}`);
    const text = await ductus(['code-maps', 'check', 'examples/glucose.codes.yaml', file]);
    expect(text.status).toBe(3);
    expect(text.stdout).toContain(`${file}: 2 problems\n  map.0 (line 3): from.code "41653-8" is no LOINC code`);
    const json = await ductus(['--json', 'code-maps', 'check', file]);
    expect(json.status).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      file,
      rows: 3,
      valid: false,
      problems: [expect.any(String), expect.any(String)],
    });
  });

  it('should check all files of the configuration', async () => {
    using folder = temporaryFolder();
    writeFileSync(path.join(folder.path, 'codes.yaml'), `name: mine\nmap:\n${ROW('41653-7')}`);
    const { file, env } = writtenConfig(folder.path, { codeMaps: ['codes.yaml'] });
    expect(await ductus(['--config', file, 'code-maps', 'check'], env)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('codes.yaml: 1 rows, no problem (mine)'),
    });
    const none = writtenConfig(folder.path, {});
    expect(await ductus(['--config', none.file, 'code-maps', 'check'], none.env)).toMatchObject({ status: 3 });
  });
});
