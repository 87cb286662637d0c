import {
  AcknowledgmentError,
  judgeAcknowledgment,
  parseAcknowledgment,
  type AcknowledgmentPolicy,
} from '../../../src/connectors/emr/acknowledgment';

const policy: AcknowledgmentPolicy = {
  AR: 'retry',
  CE: 'retry',
  transientErrorCodes: ['206', '207'],
  alreadyStoredCodes: ['205'],
};

function ack(...segments: string[]): Buffer {
  return Buffer.from(['MSH|^~\\&|EMR|H|DUCTUS|R|20240301||ACK^R01^ACK|9|P|2.5.1', ...segments].join('\r'), 'latin1');
}

describe('parseAcknowledgment', () => {
  it('should read code, control id, and code and place of each error', () => {
    const bytes = ack(
      'MSA|AE|ID1|Patient Maxi Muster is unknown',
      'ERR||PID^1^5|101^Required field missing^HL70357|E|||Maxi Muster',
      'ERR||OBX^2|103|E',
    );
    const acknowledgment = parseAcknowledgment(bytes);
    expect(acknowledgment).toEqual({
      code: 'AE',
      controlId: 'ID1',
      errors: [
        { code: '101', location: 'PID[1]-5' },
        { code: '103', location: 'OBX[2]' },
      ],
    });
    expect(JSON.stringify(acknowledgment)).not.toContain('Maxi');
  });

  it('should read the errors of older versions', () => {
    expect(
      parseAcknowledgment(ack('MSA|AE|1', 'ERR|PID^1^3^204&Unknown key&HL70357~OBX^4^5^102&Data type')).errors,
    ).toEqual([
      { code: '204', location: 'PID[1]-3' },
      { code: '102', location: 'OBX[4]-5' },
    ]);
    expect(parseAcknowledgment(ack('MSA|AE|1|text|||207^Application error')).errors).toEqual([{ code: '207' }]);
  });

  it('should keep nothing that has not the form of a code or a place', () => {
    const bytes = ack('MSA|AR|1|Maxi', 'ERR||Maxi Muster^x|no such patient: Maxi Muster|E', 'ERR||PID^Maxi^Muster|200');
    expect(parseAcknowledgment(bytes).errors).toEqual([{ code: '200', location: 'PID' }]);
  });

  it.each([
    ['other delimiters', Buffer.from('MSH$%~\\&$E$H$D$R$2024$$ACK%R01$9$P$2.5.1\rMSA$CA$7\r')],
    ['line feeds', Buffer.from('\nMSH|^~\\&|E|H|D|R|2024||ACK|9|P|2.3\r\nMSA|CA|7\r\n')],
    ['a small code', ack('MSA|ca|7')],
    ['software segments between', ack('SFT|x', 'MSA|CA|7')],
    ['text in another character set', Buffer.concat([ack('MSA|CA|7|'), Buffer.from([0xfc, 0xff])])],
  ])('should read an answer with %s', (_, bytes) => {
    expect(parseAcknowledgment(bytes)).toEqual({ code: 'CA', controlId: '7', errors: [] });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no HL7', Buffer.from('HTTP/1.1 400 Bad Request')],
    ['only a beginning', Buffer.from('MSH|')],
    ['no MSA', ack()],
    ['an unknown code', ack('MSA|OK|7')],
    ['no code', ack('MSA||7')],
    ['a property name for a code', ack('MSA|constructor|7')],
  ])('should refuse %s', (_, bytes) => {
    expect(() => parseAcknowledgment(bytes)).toThrow(AcknowledgmentError);
  });
});

describe('judgeAcknowledgment', () => {
  const judge = (msa: string, codes: string[] = [], resent = false, changes: Partial<AcknowledgmentPolicy> = {}) => {
    const bytes = ack(`MSA|${msa}|1`, ...codes.map((code) => `ERR||OBX^1^5|${code}`));
    const judgment = judgeAcknowledgment(parseAcknowledgment(bytes), { ...policy, ...changes }, { resent });
    return judgment.verdict === 'accepted' ? 'accepted' : judgment.code;
  };

  it.each([
    ['AA', [], 'accepted'],
    ['CA', [], 'accepted'],
    ['AE', [], 'DUCTUS_EMR_REJECTED'],
    ['AE', ['101'], 'DUCTUS_EMR_REJECTED'],
    ['AE', ['206'], 'DUCTUS_EMR_BUSY'],
    ['AE', ['206', '207'], 'DUCTUS_EMR_BUSY'],
    ['AE', ['207', '101'], 'DUCTUS_EMR_REJECTED'],
    ['AE', ['205'], 'DUCTUS_EMR_REJECTED'],
    ['AR', [], 'DUCTUS_EMR_BUSY'],
    ['AR', ['207'], 'DUCTUS_EMR_BUSY'],
    ['AR', ['200'], 'DUCTUS_EMR_REJECTED'],
    ['AR', ['201'], 'DUCTUS_EMR_REJECTED'],
    ['AR', ['202'], 'DUCTUS_EMR_REJECTED'],
    ['AR', ['207', '203'], 'DUCTUS_EMR_REJECTED'],
    ['CE', [], 'DUCTUS_EMR_BUSY'],
    ['CR', [], 'DUCTUS_EMR_REJECTED'],
    ['CR', ['207'], 'DUCTUS_EMR_REJECTED'],
  ])('should judge %s with errors %j as %s', (code, codes, verdict) => {
    expect(judge(code, codes)).toBe(verdict);
  });

  it('should take a duplicate for stored only when it was sent before, and only when nothing else is wrong', () => {
    expect(judge('AE', ['205'], true)).toBe('accepted');
    expect(judge('AR', ['205'], true)).toBe('accepted');
    expect(judge('AE', ['205', '101'], true)).toBe('DUCTUS_EMR_REJECTED');
    expect(judge('AE', [], true)).toBe('DUCTUS_EMR_REJECTED');
  });

  it('should follow the policy of the destination', () => {
    expect(judge('AR', [], false, { AR: 'park' })).toBe('DUCTUS_EMR_REJECTED');
    expect(judge('CE', [], false, { CE: 'park' })).toBe('DUCTUS_EMR_REJECTED');
    expect(judge('AE', ['206'], false, { transientErrorCodes: [] })).toBe('DUCTUS_EMR_REJECTED');
    expect(judge('AE', ['999'], true, { alreadyStoredCodes: ['999'] })).toBe('accepted');
  });

  it('should say which code and where', () => {
    const bytes = ack('MSA|AE|1|text', 'ERR||PID^1^5|101|E|||text', 'ERR||OBX^3^5|102|E');
    expect(judgeAcknowledgment(parseAcknowledgment(bytes), policy, { resent: false })).toEqual({
      verdict: 'failed',
      code: 'DUCTUS_EMR_REJECTED',
      details: { acknowledgment: 'AE', errorCodes: '101 102', errorLocations: 'PID[1]-5 OBX[3]-5' },
    });
  });
});
