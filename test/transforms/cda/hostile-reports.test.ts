/** Reports that are made to mislead, to overload or to quote what they hold: each is refused, with the element's name. */
import fc from 'fast-check';
import { sampleReport } from '../../../simulators/roche-dc/sample-report';
import { DuctusError } from '../../../src/domain/errors';
import { readReport } from '../../../src/transforms/cda';
import { MAX_DEPTH, MAX_MARKUP, MAX_REPORT_BYTES } from '../../../src/transforms/cda/element';

const TEXT = sampleReport({ patient: 1, seed: 1 }).toString('utf8');

function refused(file: string | Uint8Array): DuctusError {
  try {
    readReport(typeof file === 'string' ? Buffer.from(file, 'utf8') : file);
  } catch (error) {
    if (!(error instanceof DuctusError)) throw error;
    expect(error.code).toBe('DUCTUS_REPORT_INVALID');
    return error;
  }
  throw new Error('it was taken');
}

function changed(from: string | RegExp, to: string): string {
  const text = TEXT.replace(from, to);
  expect(text).not.toBe(TEXT);
  return text;
}

describe('hostile reports', () => {
  it('should expand no entity of a document type (billion laughs)', () => {
    const laughs = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('');
    const type = `<!DOCTYPE x [<!ENTITY l0 "ha">${laughs}]>`;
    const withEntity = changed('<ClinicalDocument', `${type}<ClinicalDocument`).replace('Synthetic diabetes', '&l9;');
    expect(refused(withEntity).message).toContain('is not well-formed XML');
    const unused = changed('<ClinicalDocument', `${type}<ClinicalDocument`);
    expect(refused(unused).message).toContain('document type');
  });

  it('should fetch nothing that a document type names', () => {
    const external = '<!DOCTYPE ClinicalDocument SYSTEM "file:///etc/passwd">';
    expect(refused(changed('<ClinicalDocument', `${external}<ClinicalDocument`)).message).toContain('document type');
  });

  it.each([MAX_DEPTH, 200_000])('should refuse %i levels', (levels) => {
    const deep = `${'<a>'.repeat(levels)}${'</a>'.repeat(levels)}`;
    expect(refused(changed('</ClinicalDocument>', `${deep}</ClinicalDocument>`)).message).toContain(
      'nested too deeply',
    );
  });

  it('should take as many levels as it says', () => {
    const levels = MAX_DEPTH - 1;
    const deep = `${'<a>'.repeat(levels)}${'</a>'.repeat(levels)}`;
    const { resources } = readReport(Buffer.from(changed('</ClinicalDocument>', `${deep}</ClinicalDocument>`)));
    expect(resources).toHaveLength(1);
  });

  it.each([
    ['elements', '<a/>'.repeat(MAX_MARKUP.tags)],
    ['references', '&amp;'.repeat(MAX_MARKUP.references + 1)],
    ['attributes', `<a ${'a=""'.repeat(MAX_MARKUP.attributes)}/>`],
  ])('should refuse too many %s', (_what, markup) => {
    const text = changed('</section>', `<text>${markup}</text></section>`);
    expect(refused(text).message).toContain('too many');
  });

  it('should refuse too many bytes', () => {
    expect(refused(Buffer.alloc(MAX_REPORT_BYTES + 1, 32)).message).toContain('larger than 32 MiB');
  });

  it('should take an embedded file with line ends of Windows', () => {
    const base64 = `${'QUJD'.repeat(19)}\r\n`.repeat(50_000);
    const { resources } = readReport(Buffer.from(changed('</section>', `<text>${base64}</text></section>`)));
    expect(resources).toHaveLength(1);
  });

  it('should refuse a report that names several patients', () => {
    const [target = ''] = /<recordTarget>[\s\S]*<\/recordTarget>/.exec(TEXT) ?? [];
    expect(refused(changed('<author>', `${target}<author>`)).message).toContain('several patients');
  });

  it.each([
    ['ClinicalDocument.recordTarget', /<recordTarget>[\s\S]*<\/recordTarget>/, ''],
    ['ClinicalDocument.recordTarget.patientRole.id', /(<patientRole>\s*)<id [^>]*>/, '$1<id nullFlavor="UNK"/>'],
    ['ClinicalDocument.recordTarget.patientRole.id.@root', /(<patientRole>\s*)<id [^>]*>/, '$1<id extension="1"/>'],
    ['ClinicalDocument.id', /<id [^>]*>/, ''],
    ['ClinicalDocument.id', /<id [^>]*>/, '<id nullFlavor="NI"/>'],
    ['ClinicalDocument.id', /<id [^>]*>/, '<id root="2.999" extension="a&#9;b"/>'],
    ['ClinicalDocument.code', /<code [^>]*>/, ''],
    ['ClinicalDocument.code.@code', /<code [^>]*>/, '<code/>'],
    ['ClinicalDocument.effectiveTime.@value', /<effectiveTime [^>]*>/, '<effectiveTime value="20260230"/>'],
    ['ClinicalDocument.versionNumber.@value', /<versionNumber [^>]*>/, '<versionNumber value="1.5"/>'],
  ])('should name %s when that is wrong', (element, from, to) => {
    const error = refused(changed(from, to));
    expect(error.details).toEqual({ element });
    expect(error.message).toContain(element);
  });

  it.each([
    ['another root', '<ClinicalDocuments xmlns="urn:hl7-org:v3"/>'],
    ['another namespace', TEXT.replace('urn:hl7-org:v3', 'urn:example')],
    ['no namespace', TEXT.replace(' xmlns="urn:hl7-org:v3"', '')],
    ['an unknown prefix', '<p:ClinicalDocument/>'],
    ['text', 'not a document'],
    ['nothing', ''],
    ['JSON', '{"resourceType":"Bundle"}'],
    ['a cut file', TEXT.slice(0, TEXT.length / 2)],
    ['a second root', `${TEXT}<a/>`],
    ['a control character', changed('Synthetic diabetes', '\u0001')],
  ])('should refuse %s', (_what, text) => {
    expect(refused(text).details).toEqual({ element: 'ClinicalDocument' });
  });

  it.each([
    ['bytes that are not UTF-8', Buffer.from(TEXT.replace('Synthetic diabetes', 'Ü'), 'latin1')],
    ['UTF-16 that says UTF-8', Buffer.from(`\uFEFF${TEXT}`, 'utf16le')],
    ['UTF-8 that says UTF-16', Buffer.from(TEXT.replace('UTF-8', 'UTF-16'))],
    ['an encoding that is not supported', Buffer.from(TEXT.replace('UTF-8', 'Shift_JIS'))],
    ['half a character of UTF-16', Buffer.from(`\uFEFF${TEXT}`, 'utf16le').subarray(0, -1)],
  ])('should refuse %s', (_what, bytes) => {
    expect(refused(bytes).details).toEqual({ element: 'ClinicalDocument' });
  });

  it('should never quote what the report holds', () => {
    const words = [...new Set(TEXT.match(/SYN-\d+|Synthetic-\d+|19\d{6}|Synthetic diabetes/g))];
    expect(words.length).toBeGreaterThan(3);
    fc.assert(
      fc.property(fc.nat(TEXT.length - 1), fc.constantFrom('', '<', '&', '>', '"', '\u0000', '</'), (at, put) => {
        try {
          readReport(Buffer.from(TEXT.slice(0, at) + put + TEXT.slice(at + 1)));
        } catch (error) {
          if (!(error instanceof DuctusError)) throw error;
          const said = `${error.message} ${JSON.stringify(error.details)}`;
          expect(words.filter((word) => said.includes(word))).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
