import fc from 'fast-check';
import { readControl } from '../../../src/protocols/hl7-v2/control';
import { Hl7Message } from '../../../src/protocols/hl7-v2/message';
import { escapeText } from '../../../src/transforms/fhir-to-hl7/escape';

const HEADER = 'MSH|^~\\&|APP|FAC|TO|THERE|20260301||ADT^A08^ADT_A01|42|P|2.5|||AL|NE||8859/1';

function errorOf(read: () => unknown): unknown {
  try {
    read();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('an HL7 v2 message', () => {
  it('should name its delimiters itself', () => {
    const message = new Hl7Message('MSH#*$%@#APP\rPID#1##A@B*C$D\r');

    expect(message.delimiters).toEqual({ field: '#', component: '*', repetition: '$', escape: '%', subcomponent: '@' });
    const [first, second] = message.first('PID')?.repetitions(3) ?? [];
    expect([first?.part(1, 1), first?.part(1, 2), first?.text(2), second?.text()]).toEqual(['A', 'B', 'C', 'D']);
  });

  it('should take a message without escape character and subcomponents', () => {
    const message = new Hl7Message('MSH|^~|APP\rPID|1||A\\F\\&B^C~D\r');

    expect(message.first('PID')?.value(3)).toBe('A\\F\\&B');
    expect(message.first('PID')?.value(3, 2)).toBe('C');
  });

  it('should take the truncation character of v2.7', () => {
    expect(new Hl7Message('MSH|^~\\&#|APP\r').header.value(3)).toBe('APP');
  });

  it.each([
    '',
    'PID|1',
    'MSH',
    'MSHA^~\\&|',
    'MSH|',
    'MSH||',
    'MSH|^^~\\&|A',
    'MSH|abcd|A',
    'MSH|^~\\&#!|A',
    '\u0000',
    'MSH\r|^~\\&|',
  ])('should refuse %j as no message', (text) => {
    expect(errorOf(() => new Hl7Message(text))).toMatchObject({ code: 'DUCTUS_HL7_INVALID' });
  });

  it('should count the fields of MSH from its own delimiter', () => {
    const { header } = new Hl7Message(`${HEADER}\r`);

    expect([header.rawField(1), header.rawField(2), header.value(3), header.value(9, 2), header.value(10)]).toEqual([
      '|',
      '^~\\&',
      'APP',
      'A08',
      '42',
    ]);
  });

  it('should give what an acknowledgment needs, as it came', () => {
    expect(readControl(new Hl7Message(`${HEADER}\r`))).toEqual({
      delimiters: '|^~\\&',
      sendingApplication: 'APP',
      sendingFacility: 'FAC',
      receivingApplication: 'TO',
      receivingFacility: 'THERE',
      messageCode: 'ADT',
      triggerEvent: 'A08',
      controlId: '42',
      processingId: 'P',
      version: '2.5',
      acceptAcknowledgment: 'AL',
      applicationAcknowledgment: 'NE',
      characterSet: '8859/1',
    });
  });

  it.each(['\r', '\r\n', '\n'])('should take segments ended by %j', (end) => {
    const message = new Hl7Message([HEADER, 'PID|1', 'DG1|1', 'DG1|2', ''].join(end));

    expect(message.first('PID')?.value(1)).toBe('1');
    expect(message.all('DG1').map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(message.all('DG1')[1]?.value(1)).toBe('2');
  });

  it('should keep a line feed inside a text, so that a text brings no segment', () => {
    const message = new Hl7Message(`${HEADER}\rNTE|1||line\nPID|1||999\rPID|1||1\r`);

    expect(message.all('PID').map((pid) => pid.value(3))).toEqual(['1']);
    expect(message.first('NTE')?.value(3)).toBe('line\nPID');
  });

  it('should pass over a byte order mark and white space before MSH', () => {
    expect(new Hl7Message(`\ufeff\r\n ${HEADER}`).header.value(10)).toBe('42');
  });

  it('should not take a segment for another whose name begins alike', () => {
    expect(new Hl7Message(`${HEADER}\rPIDX|9\rPID|1\r`).first('PID')?.value(1)).toBe('1');
  });

  it('should tell null from empty, and read both as nothing', () => {
    const pid = new Hl7Message(`${HEADER}\rPID|||""^""^x~""||""\r`).first('PID');

    expect(pid?.field(3).isNull).toBe(false);
    expect([pid?.field(3).text(1), pid?.field(3).text(3)]).toEqual(['', 'x']);
    expect(pid?.repetitions(3)[1]?.isNull).toBe(true);
    expect([pid?.field(5).isNull, pid?.field(5).isEmpty, pid?.value(5)]).toEqual([true, true, '']);
    expect([pid?.field(6).isNull, pid?.field(6).isEmpty]).toEqual([false, true]);
  });

  it('should give a component with an unescaped subcomponent delimiter whole, and each part', () => {
    const field = new Hl7Message(`${HEADER}\rPID|||Brown & Sons^X\r`).first('PID')?.field(3);

    expect(field?.text(1)).toBe('Brown & Sons');
    expect([field?.part(1, 1), field?.part(1, 2), field?.part(1, 3), field?.part(2, 1), field?.part(2, 2)]).toEqual([
      'Brown ',
      ' Sons',
      '',
      'X',
      '',
    ]);
    expect([field?.sizeOf(1), field?.sizeOf(2)]).toEqual([2, 1]);
  });

  describe('escape sequences', () => {
    const read = (text: string, characterSet = '') =>
      new Hl7Message(`MSH|^~\\&|${'|'.repeat(15)}${characterSet}\rNTE|1||${text}\r`).first('NTE')?.value(3);

    it.each([
      ['\\F\\\\S\\\\T\\\\R\\\\E\\', '|^&~\\'],
      ['a\\.br\\b\\.sp\\c\\.sp+2\\d\\.ce\\e', 'a\nb\nc\nd\ne'],
      ['\\H\\bold\\N\\', 'bold'],
      ['\\.in+2\\\\.ti-3\\\\.fi\\text\\.nf\\', 'text'],
      ['\\X41\\\\X0D0A\\', 'A\r\n'],
      ['\\P\\', '#'],
      // What is no sequence stays.
      ['C:\\dir\\file', 'C:\\dir\\file'],
      ['one \\ alone', 'one \\ alone'],
      ['\\Zab\\', '\\Zab\\'],
      ['\\X4\\', '\\X4\\'],
      ['\\\\', '\\\\'],
      ['a\\b\\T\\c', 'a\\b&c'],
    ])('should read %j as %j', (escaped, text) => {
      expect(read(escaped)).toBe(text);
    });

    it('should take the bytes of \\X..\\ in the character set of MSH-18', () => {
      expect(read('M\\XFC\\ller', '8859/1')).toBe('Müller');
      expect(read('\\XA4\\', '8859/15')).toBe('€');
      expect(read('M\\XC3BC\\ller', 'UNICODE UTF-8')).toBe('Müller');
      expect(read('M\\XC3BC\\ller')).toBe('Müller');
      expect(read('M\\XFC\\ller')).toBe('Müller');
    });

    it('should put the delimiters of the message in place of their names', () => {
      const message = new Hl7Message('MSH$%*!@$\rNTE$1$$!F!!S!!T!!R!!E!|^&~\\\r');

      expect(message.first('NTE')?.value(3)).toBe('$%@*!|^&~\\');
    });

    it('should give back any text that was escaped', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary' }), (text) => {
          expect(read(escapeText(text) === '""' ? '' : escapeText(text))).toBe(text === '""' ? '' : text);
        }),
      );
    });
  });

  it('should read any text, or refuse it as no message', () => {
    const part = fc.constantFrom('MSH', '|', '^', '~', '\\', '&', '\r', '\n', 'PID', '""', 'X41', '.br', 'ä', '\u0000');
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part).map((parts) => `MSH|^~\\&${parts.join('')}`),
    );
    fc.assert(
      fc.property(text, (any) => {
        const error = errorOf(() => {
          const message = new Hl7Message(any);
          readControl(message);
          for (const segment of message.all('PID')) {
            for (const field of [1, 3, 5]) segment.repetitions(field).forEach((one) => one.text(1) + one.part(1, 2));
          }
        });
        if (error !== undefined) expect(error).toMatchObject({ code: 'DUCTUS_HL7_INVALID' });
      }),
    );
  });
});
