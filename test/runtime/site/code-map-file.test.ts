import path from 'node:path';
import { parseCodeMapFile, readCodeMapFile } from '../../../src/runtime/site/code-map-file';

const row = (from: string, to: string, unit = ''): string =>
  `  - from: { system: http://loinc.org, code: ${from} }\n${unit === '' ? '' : `    unit: ${unit}\n`}    to: { system: 99LAB, code: ${to}, display: x }\n`;
const parse = (...rows: readonly string[]) => parseCodeMapFile(`name: test\nmap:\n${rows.join('')}`, 'codes.yaml');

describe('a code map file', () => {
  it('should be read with its rows', () => {
    expect(parse(row('41653-7', 'GLU', 'mg/dL'))).toEqual({
      file: 'codes.yaml',
      name: 'test',
      mappings: [
        {
          from: { system: 'http://loinc.org', code: '41653-7' },
          unit: 'mg/dL',
          to: { system: '99LAB', code: 'GLU', display: 'x' },
        },
      ],
      problems: [],
      warnings: [],
    });
  });

  it('should keep all digits of a code that looks like a number', () => {
    const snomed =
      '  - from: { system: http://snomed.info/sct, code: 900000000000207008 }\n    to: { system: 99LAB, code: 007, display: 1e3 }\n';
    const { mappings, problems } = parse(snomed);
    expect(problems).toEqual([]);
    expect(mappings[0]).toMatchObject({ from: { code: '900000000000207008' }, to: { code: '007', display: '1e3' } });
  });

  it('should say of each problem in which row and line it is', () => {
    expect(parse(row('41653-7', 'A'), row('41653-8', 'B'), row('41653-7', 'C')).problems).toEqual([
      'map.1 (line 5): from.code "41653-8" is no LOINC code (format or check digit)',
      'map.2 (line 7): has the same code and unit as map.0 (line 3)',
    ]);
    expect(
      parseCodeMapFile('name: x\nmap:\n  - from: { system: LN, code: 41653-7 }\n    color: red\n', 'x').problems,
    ).toEqual([
      'map.0.from.system: must be a URI, as in http://loinc.org (line 3)',
      'map.0.to: is missing; expected object (line 3)',
      'map.0.color: is not a key of this section (line 4)',
    ]);
    const itself = '  - from: { system: urn:x, code: a }\n    to: { system: urn:x, code: a, display: x }\n';
    expect(parse(itself).problems).toEqual(['map.0 (line 3): maps a code to itself']);
  });

  it('should allow a row for a unit beside one for any unit', () => {
    expect(parse(row('41653-7', 'A', 'mg/dL'), row('41653-7', 'B')).problems).toEqual([]);
    expect(parse(row('41653-7', 'A', 'mg/dL'), row('41653-7', 'B', 'mg/dL')).problems).toHaveLength(1);
  });

  it('should show a unit that is not known, without refusing it', () => {
    const { problems, warnings } = parse(row('41653-7', 'A', 'MG/DL'));
    expect(problems).toEqual([]);
    expect(warnings).toEqual(['map.0 (line 3): unit "MG/DL" is not among the known UCUM units']);
  });

  it.each(['', '[]', 'name: x', 'name: x\nmap: []', '- a', 'text', 'name: [x', 'name: x\nmap: [null]'])(
    'should refuse %j',
    (content) => {
      const { problems, mappings } = parseCodeMapFile(content, 'x');
      expect(problems).not.toEqual([]);
      expect(mappings).toEqual([]);
    },
  );

  it('should say when there is no such file', () => {
    expect(readCodeMapFile('/nowhere/codes.yaml').problems).toEqual(['cannot be read (there is no such file)']);
  });

  it('should be as the example has it', () => {
    const { problems, warnings, mappings } = readCodeMapFile(
      path.resolve(__dirname, '../../../examples/glucose.codes.yaml'),
    );
    expect({ problems, warnings, rows: mappings.length }).toEqual({ problems: [], warnings: [], rows: 4 });
  });
});
