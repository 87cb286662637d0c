import fc from 'fast-check';
import {
  acknowledgmentCode,
  acknowledgmentCodeAlways,
  isAcknowledgment,
  writeAcknowledgment,
  type AcknowledgmentInput,
  type Verdict,
} from '../../../src/protocols/hl7-v2/acknowledgment';
import { readHeader } from '../../../src/protocols/hl7-v2/header';
import { encodeFrame } from '../../../src/protocols/mllp/framing';

const AT = Date.UTC(2026, 2, 1, 12, 30, 5);

function header(line: string) {
  const control = readHeader(Buffer.from(line, 'latin1'));
  if (control === undefined) throw new Error('no header');
  return control;
}

function written(line: string, more: Partial<AcknowledgmentInput> = {}): string {
  return writeAcknowledgment({ control: header(line), code: 'AA', controlId: 'OWN1', atMs: AT, ...more }).toString(
    'latin1',
  );
}

const A01 = 'MSH|^~\\&|ADT|HOSP^1.2&3|DUCTUS|ROCHE|20260301||ADT^A01^ADT_A01|4711|P|2.5.1||||||8859/1\rEVN';
const REFUSED = {
  errorCode: '101',
  location: { segment: 'PID', sequence: 1, field: 5, repetition: 1, component: 1 },
  text: 'PID-5.1 is missing & has to be there',
} as const;

describe('the header of a message', () => {
  it('should be read from bytes, with what its fields hold', () => {
    expect(header(A01)).toEqual({
      delimiters: '|^~\\&',
      sendingApplication: 'ADT',
      sendingFacility: 'HOSP^1.2&3',
      receivingApplication: 'DUCTUS',
      receivingFacility: 'ROCHE',
      messageCode: 'ADT',
      triggerEvent: 'A01',
      controlId: '4711',
      processingId: 'P',
      version: '2.5.1',
      acceptAcknowledgment: '',
      applicationAcknowledgment: '',
      characterSet: '8859/1',
    });
  });

  it('should be read with other delimiters, behind a byte order mark, and when it ends early', () => {
    expect(header('MSH$%~\\&$A$B%C$$$$$ADT%A08$9$P$2.3$')).toMatchObject({
      delimiters: '$%~\\&',
      sendingFacility: 'B%C',
      triggerEvent: 'A08',
      version: '2.3',
    });
    expect(header('\xef\xbb\xbfMSH|^~\\&|A').sendingApplication).toBe('A');
    expect(header('\r\nMSH|^~\\&#|A').delimiters).toBe('|^~\\&#');
    expect(header('MSH|')).toMatchObject({ delimiters: '|^~\\&', controlId: '' });
    expect(header('MSH|^^^^|A').delimiters).toBe('|^~\\&');
  });

  it.each([
    '',
    'MSH',
    'MSHx',
    'PID|1',
    'GET / HTTP/1.1',
    'MSH\r',
    '{"a":1}',
    'M\0S\0H\0',
    'MSH+^~\\&+A',
    'MSH-',
    'MSH.',
  ])('should not be found in %j', (text) => {
    expect(readHeader(Buffer.from(text))).toBeUndefined();
  });

  it('should leave out a field that no receiver would copy', () => {
    const control = header(`MSH|^~\\&|${'x'.repeat(400)}|B\x0b\x1c|||||ADT^A01|1`);
    expect(control.sendingApplication).toBe('');
    expect(control.sendingFacility).toBe('B');
  });
});

describe('an acknowledgment', () => {
  it('should go back to the sender under its own id, and name the message', () => {
    expect(written(A01)).toBe(
      'MSH|^~\\&|DUCTUS|ROCHE|ADT|HOSP^1.2&3|20260301123005+0000||ACK^A01^ACK|OWN1|P|2.5.1||||||8859/1\rMSA|AA|4711\r',
    );
  });

  it('should name the field in ERR-2, 3, 4 and 8 from v2.5 on', () => {
    const [, msa, err] = written(A01, { code: 'AE', refused: REFUSED }).split('\r');
    expect(msa).toBe('MSA|AE|4711');
    expect(err).toBe('ERR||PID^1^5^1^1|101^Required field missing^HL70357|E||||PID-5.1 is missing   has to be there');
  });

  it('should name it in ERR-1 and say it in MSA-3 before', () => {
    const old = A01.replace('2.5.1', '2.3');
    const [msh, msa, err] = written(old, { code: 'AE', refused: REFUSED }).split('\r');
    expect(msh).toContain('|ACK^A01|');
    expect(msa).toBe('MSA|AE|4711|PID-5.1 is missing   has to be there');
    expect(err).toBe('ERR|PID^1^5^101&Required field missing&HL70357');
    expect(written(A01.replace('2.5.1', '2.1'))).toContain('|ACK|');
    expect(written(A01.replace('2.5.1', '2.3.1'))).toContain('|ACK^A01^ACK|');
  });

  it('should use the delimiters of the sender', () => {
    const text = written('MSH$%~\\&$A$B$C$D$$$ADT%A08$9$T$2.5', { code: 'AE', refused: REFUSED });
    expect(text).toMatch(
      /^MSH\$%~\\&\$C\$D\$A\$B\$\d{14}\+0000\$\$ACK%A08%ACK\$OWN1\$T\$2\.5\rMSA\$AE\$9\rERR\$\$PID%1%5%1%1\$101%/,
    );
  });

  it('should copy the bytes of the sender, whatever their encoding', () => {
    const bytes = Buffer.from('MSH|^~\\&|Müßig|ŁódźHIS|||||ADT^A01|Nº1|P|2.5||||||UNICODE UTF-8', 'utf8');
    const answer = writeAcknowledgment({ control: readHeader(bytes), code: 'AA', controlId: 'X', atMs: AT });
    expect(answer.toString('utf8')).toContain('|Müßig|ŁódźHIS|');
    expect(answer.toString('utf8')).toContain('MSA|AA|Nº1\r');
  });

  it('should be written for what is no message', () => {
    const answer = writeAcknowledgment({ control: undefined, code: 'AE', refused: REFUSED, controlId: 'X', atMs: AT });
    expect(answer.toString()).toMatch(
      /^MSH\|\^~\\&\|\|\|\|\|20260301123005\+0000\|\|ACK\|?.*\|X\|P\|2\.5\.1\rMSA\|AE\rERR\|/,
    );
  });

  it('should fit into a frame and hold a code and an id, whatever the header was', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (tail, modern) => {
        const bytes = Buffer.concat([Buffer.from(modern ? A01.slice(0, -4) : 'MSH'), Buffer.from(tail)]);
        const control = readHeader(bytes);
        const answer = writeAcknowledgment({ control, code: 'AR', refused: REFUSED, controlId: 'X', atMs: AT });
        expect(encodeFrame(answer).length).toBe(answer.length + 3);
        expect(answer.toString('latin1').split('\r')).toHaveLength(4);
        expect(answer.length).toBeLessThan(3000);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the code of an acknowledgment', () => {
  const taken: Verdict = { answer: 'AA' };
  const wrong: Verdict = { answer: 'AE', refused: REFUSED };
  const unsupported: Verdict = { answer: 'AR', refused: { errorCode: '201', text: '' } };
  const later: Verdict = { answer: 'AR', refused: { errorCode: '207', text: '' } };
  const wanting = (accept: string, application: string) =>
    header(`MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5|||${accept}|${application}`);

  it.each([
    // MSH-15, MSH-16: taken, wrong, unsupported, later
    ['', '', 'AA', 'AE', 'AR', 'AR'],
    ['NE', '', 'AA', 'AE', 'AR', 'AR'],
    ['NE', 'AL', 'AA', 'AE', 'AR', 'AR'],
    ['AL', 'AL', 'AA', 'AE', 'AR', 'AR'],
    ['AL', 'NE', 'CA', 'CE', 'CR', 'CE'],
    ['AL', '', 'CA', 'CE', 'CR', 'CE'],
    ['al', 'ne', 'CA', 'CE', 'CR', 'CE'],
    ['ER', 'NE', undefined, 'CE', 'CR', 'CE'],
    ['SU', 'NE', 'CA', undefined, undefined, undefined],
    ['NE', 'ER', undefined, 'AE', 'AR', 'AR'],
    ['NE', 'SU', 'AA', undefined, undefined, undefined],
    ['AL', 'ER', 'CA', 'AE', 'AR', 'AR'],
    ['AL', 'SU', 'AA', 'CE', 'CR', 'CE'],
    ['NE', 'NE', undefined, undefined, undefined, undefined],
    ['??', '', 'CA', 'CE', 'CR', 'CE'],
  ])('should be as MSH-15 %j and MSH-16 %j want it', (accept, application, ...codes) => {
    const control = wanting(accept, application);
    expect([taken, wrong, unsupported, later].map((verdict) => acknowledgmentCode(verdict, control))).toEqual(codes);
  });

  it('should be there over HTTP in any case', () => {
    expect(acknowledgmentCodeAlways(taken, wanting('NE', 'NE'))).toBe('AA');
    expect(acknowledgmentCodeAlways(wrong, wanting('NE', 'SU'))).toBe('AE');
    expect(acknowledgmentCodeAlways(taken, wanting('AL', 'NE'))).toBe('CA');
    expect(acknowledgmentCodeAlways(wrong, undefined)).toBe('AE');
  });

  it('should tell acknowledgments from messages', () => {
    expect(isAcknowledgment(header('MSH|^~\\&|||||||ACK^A01^ACK|1'))).toBe(true);
    expect(isAcknowledgment(header('MSH|^~\\&|||||||ACK|1'))).toBe(true);
    expect(isAcknowledgment(header('MSH|^~\\&|||||||MCF|1'))).toBe(true);
    expect(isAcknowledgment(header(A01))).toBe(false);
  });
});
