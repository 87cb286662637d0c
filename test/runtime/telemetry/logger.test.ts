import { DuctusError } from '../../../src/domain/errors';
import { createLogger } from '../../../src/runtime/telemetry/logger';
import type { Logger } from '../../../src/runtime/telemetry/logger';
import { Secret } from '../../../src/runtime/config/secret';

describe('createLogger', () => {
  let lines: string[];
  let logger: Logger;

  beforeEach(() => {
    lines = [];
    logger = createLogger({ level: 'info', role: 'test', stream: { write: (line) => void lines.push(line) } });
  });

  function only(): Record<string, unknown> {
    expect(lines).toHaveLength(1);
    return JSON.parse(lines[0] ?? '');
  }

  it('should write one JSON line with level, time, role and message', () => {
    logger.info({ organization: 'st-marien' }, 'notification accepted');
    expect(only()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      role: 'test',
      pid: process.pid,
      organization: 'st-marien',
      msg: 'notification accepted',
    });
  });

  it('should leave out what is below its level', () => {
    logger.debug('nobody wants to know');
    expect(lines).toEqual([]);
  });

  it('should describe an error of ours by code, message, details and causes, without a stack', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    const error = new DuctusError('DUCTUS_EMR_UNREACHABLE', 'emr-1 took no connection', {
      details: { destination: 'emr-1' },
      cause,
    });
    logger.error(error, 'delivery failed');
    expect(only()).toMatchObject({
      error: {
        type: 'DuctusError',
        code: 'DUCTUS_EMR_UNREACHABLE',
        message: 'emr-1 took no connection',
        details: { destination: 'emr-1' },
        cause: { type: 'Error', code: 'ECONNREFUSED', stack: expect.stringContaining('at ') },
      },
    });
    expect(only()['error']).not.toHaveProperty('stack');
  });

  it.each(['err', 'error', 'reason'])('should describe an error under the key %s', (key) => {
    logger.warn({ [key]: new TypeError('no such thing') }, 'failed');
    expect(only()[key]).toMatchObject({ type: 'TypeError', message: 'no such thing' });
  });

  it('should not quote the text that could not be parsed', () => {
    expect(() => JSON.parse('Jane Roe 1980')).toThrow();
    try {
      JSON.parse('Jane Roe 1980');
    } catch (error) {
      logger.error({ error }, 'not JSON');
    }
    expect(lines.join()).not.toContain('Jane');
    expect(only()['error']).toMatchObject({ type: 'SyntaxError' });
  });

  it('should write no credential, receipt handle or body, however deep it stands', () => {
    const secrets = {
      headers: { authorization: 'Basic c2VjcmV0LTE=', cookie: 'secret-2' },
      request: { 'x-amz-security-token': 'secret-3', body: { patient: 'secret-4' } },
      notification: { MessageReceiptHandle: 'secret-5', receiptHandle: 'secret-6' },
      list: [{ client_secret: 'secret-7', password: new Secret('secret-8') }],
      Authorization: 'secret-9',
      key: new Secret('secret-10'),
      bytes: Buffer.from('secret-11'),
    };
    logger.info(secrets, 'taken');
    logger.child({ apiKey: 'secret-12' }).info('child');
    expect(lines).toHaveLength(2);
    expect(lines.join()).not.toMatch(/secret-\d|c2VjcmV0/);
    expect(lines.join()).not.toContain(Buffer.from('secret-11').toString('base64'));
  });

  it('should take query and password out of every URL, also in messages and stacks', () => {
    const signed = 'https://bucket.s3.eu-central-1.amazonaws.com/file.json?X-Amz-Signature=abc&X-Amz-Date=1';
    logger.info({ from: signed, nested: [{ at: `see ${signed}, please` }] }, `fetching ${signed}`);
    logger.error(new Error(`GET ${signed} failed`), 'failed');
    logger.info('store is postgres://ductus:hunter2@db:5432/ductus');
    expect(lines.join()).not.toMatch(/X-Amz|abc|hunter2/);
    expect(lines[0]).toContain('https://bucket.s3.eu-central-1.amazonaws.com/file.json?[redacted]');
    expect(lines[2]).toContain('postgres://[redacted]@db:5432/ductus');
    lines.forEach((line) => expect(() => JSON.parse(line)).not.toThrow());
  });

  it('should show of a request its method, path and caller only', () => {
    const request = {
      method: 'POST',
      url: '/roche/notifications?token=1',
      ip: '10.0.0.1',
      headers: { a: 'b' },
      body: {},
    };
    logger.info({ req: request, res: { statusCode: 202, headers: { c: 'd' } } }, 'answered');
    expect(only()).toMatchObject({
      req: { method: 'POST', path: '/roche/notifications', caller: '10.0.0.1' },
      res: { status: 202 },
    });
    expect(Object.keys(JSON.parse(lines[0] ?? '').req)).toEqual(['method', 'path', 'caller']);
  });

  it('should cope with cycles and big integers', () => {
    const cycle: Record<string, unknown> = { count: 12n };
    cycle['self'] = cycle;
    logger.info(cycle, 'round');
    expect(only()).toMatchObject({ count: '12', self: { count: '12' } });
  });
});
