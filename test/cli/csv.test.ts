/** CSV files as RFC 4180 has them, and the file of patients that is made of one. */
import fc from 'fast-check';
import { parseCsv } from '../../src/cli/csv';
import { readPatientsFile } from '../../src/cli/patients-file';
import { ductusErrorOf } from '../support/error-of';

const errorOf = (act: () => unknown) => ductusErrorOf(Promise.resolve().then(act));
const fields = (text: string) => parseCsv(Buffer.from(text)).map((record) => record.fields);

describe('parseCsv', () => {
  it.each([
    [
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['"a","b ""c"""', [['a', 'b "c"']]],
    ['"a,b","c\r\nd"', [['a,b', 'c\r\nd']]],
    [
      'a,\n,',
      [
        ['a', ''],
        ['', ''],
      ],
    ],
    ['\uFEFFa', [['a']]],
    ['a\n\n\nb\n', [['a'], ['b']]],
    ['""', []],
    ['', []],
  ])('should read %j', (text, expected) => {
    expect(fields(text)).toEqual(expected);
  });

  it('should count lines inside of fields', () => {
    const records = parseCsv(Buffer.from('a\n"b\nc\nd"\n\ne'));
    expect(records.map(({ line }) => line)).toEqual([1, 2, 6]);
  });

  it.each([
    ['a\n"b', 'line 2'],
    ['a\nb"c', 'line 2'],
    ['"a"b', 'line 1'],
    ['a\rb', 'line 1'],
  ])('should name the line of what is not CSV: %j', async (text, line) => {
    const error = await errorOf(() => parseCsv(Buffer.from(text)));
    expect(error).toMatchObject({ code: 'DUCTUS_REQUEST_INVALID' });
    expect(error.message).toContain(line);
  });

  it('should refuse what is not UTF-8', async () => {
    expect(await errorOf(() => parseCsv(Buffer.from('ü', 'latin1')))).toMatchObject({
      code: 'DUCTUS_REQUEST_INVALID',
    });
  });

  it('should read back whatever was written', () => {
    const field = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\uFEFF'));
    const record = fc.array(field, { minLength: 2, maxLength: 5 });
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(record), fc.constantFrom('\n', '\r\n'), (records, end) => {
        const text = records.map((each) => each.map(quoted).join(',') + end).join('');
        expect(fields(text)).toEqual(records);
      }),
    );
  });
});

describe('readPatientsFile', () => {
  const read = (...lines: string[]) => readPatientsFile(Buffer.from(lines.join('\n')));
  const HEADER = 'source_system,source_value,mrn,assigning_authority,identifier_type';

  it('should read every column, in any order, and the line of each entry', () => {
    const file = read(
      'mrn,source_value,source_system,identifier_type,assigning_authority',
      '',
      'M1,1,urn:oid:2.999,MR,A&2.9&ISO',
      'M2,2,,,',
    );
    expect(file.entries).toEqual([
      {
        sourceSystem: 'urn:oid:2.999',
        sourceValue: '1',
        mrn: 'M1',
        assigningAuthority: 'A&2.9&ISO',
        identifierType: 'MR',
      },
      { sourceSystem: '', sourceValue: '2', mrn: 'M2', assigningAuthority: '', identifierType: '' },
    ]);
    expect(file.lines).toEqual([3, 4]);
  });

  it('should do without authority and type', () => {
    expect(read('source_system,source_value,mrn', 'a,b,c').entries).toEqual([
      { sourceSystem: 'a', sourceValue: 'b', mrn: 'c', assigningAuthority: '', identifierType: '' },
    ]);
  });

  it.each([
    [''],
    ['urn:oid:2.999,1,M1,,'],
    ['source_system,source_value'],
    [`${HEADER},name`],
    ['source_system,source_value,mrn,mrn'],
    ['source_system;source_value;mrn'],
  ])('should ask for a header instead of %j', async (header) => {
    const error = await errorOf(() => read(header, 'a,b,c,d,e'));
    expect(error.message).toContain('must name the columns');
    expect(error.message).not.toContain('M1');
  });

  it('should name each bad line and its column, and quote nothing', async () => {
    const error = await errorOf(() =>
      read(
        HEADER,
        'urn:oid:2.999,1,M1,,',
        'urn:oid:2.999,,PLANTED,,',
        'urn:oid:2.999, PLANTED,M1,,',
        'urn:oid:2.999,PLANTED,M1,a^b,',
        'urn:oid:2.999,PLANTED,M1,,TOO-LONG',
        'urn:oid:2.999,PLANTED,M1',
        '"urn:oid:2.999","PLANTED\n","M1",,',
        'urn:oid:2.999,PLANTED,,,',
      ),
    );
    const lines = [3, 4, 5, 6, 7, 8, 10].map((line) => expect.stringMatching(new RegExp(`line ${String(line)}\\b`)));
    expect(error.message.split('\n').slice(1)).toEqual(lines);
    expect(error.message).toContain('line 3: source_value must not be empty');
    expect(error.message).not.toContain('PLANTED');
  });

  it('should name twenty bad lines and count the rest', async () => {
    const error = await errorOf(() => read(HEADER, ...Array.from({ length: 25 }, () => 'x')));
    expect(error.message.split('\n')).toHaveLength(22);
    expect(error.message).toContain('and 5 more');
  });
});
