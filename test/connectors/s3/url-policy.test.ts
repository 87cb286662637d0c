import fc from 'fast-check';
import { parseAllowedUrl } from '../../../src/connectors/s3/url-policy';
import { DuctusError } from '../../../src/domain/errors';
import { everythingOf } from '../../support/error-of';

const HOSTS = ['*.amazonaws.com', 'files.example', 'localhost:9443', '[::1]:9443'];

function refusal(url: string, hosts: readonly string[] = HOSTS): DuctusError {
  try {
    parseAllowedUrl(url, hosts);
  } catch (error) {
    if (error instanceof DuctusError) return error;
    throw error;
  }
  throw new Error(`${url} was allowed`);
}

describe('parseAllowedUrl', () => {
  it.each([
    'https://bucket.s3.eu-central-1.amazonaws.com/key?X-Amz-Signature=abc',
    'https://BUCKET.S3.AMAZONAWS.COM/key',
    'https://files.example/key',
    'https://files.example:8443/key',
    'https://localhost:9443/key',
    'https://[::1]:9443/key',
    'https://files.example/@evil.example/key', // behind a slash, an @ is a letter like others
  ])('should allow %s', (url) => {
    expect(parseAllowedUrl(url, HOSTS).href.toLowerCase()).toBe(url.toLowerCase());
  });

  it.each([
    ['http://bucket.s3.amazonaws.com/key', 'not https'],
    ['file:///etc/passwd', 'not https'],
    ['https://amazonaws.com/key', 'allowedHosts'],
    ['https://.amazonaws.com/key', 'allowedHosts'],
    ['https://evilamazonaws.com/key', 'allowedHosts'],
    ['https://bucket.s3.amazonaws.com.evil.example/key', 'allowedHosts'],
    ['https://bucket.s3.amazonaws.com./key', 'allowedHosts'],
    ['https://169.254.169.254/latest/meta-data', 'allowedHosts'],
    ['https://0x7f.1/key', 'allowedHosts'],
    ['https://sub.files.example/key', 'allowedHosts'],
    ['https://localhost/key', 'allowedHosts'],
    ['https://localhost:9444/key', 'allowedHosts'],
    ['https://user:password@files.example/key', 'user name'],
    ['https://files.example@evil.example/key', 'user name'],
    ['not a url', 'not a URL'],
    ['', 'not a URL'],
  ])('should refuse %s', (url, why) => {
    const error = refusal(url);
    expect(error.code).toBe('DUCTUS_URL_REFUSED');
    expect(error.message).toMatch(new RegExp(why));
  });

  it('should resolve a redirect against the URL it came from, and check it alike', () => {
    const base = new URL('https://files.example/a/b?c=d');
    expect(parseAllowedUrl('/e', HOSTS, base).href).toBe('https://files.example/e');
    expect(() => parseAllowedUrl('//evil.example/e', HOSTS, base)).toThrow(DuctusError);
  });

  it('should never show path or query in an error', () => {
    const error = refusal('https://evil.example/delivery/jane-doe.json?X-Amz-Signature=topsecret');
    expect(everythingOf(error)).not.toMatch(/jane|topsecret|delivery/);
    expect(error.details).toMatchObject({ host: 'evil.example', pathHash: expect.stringMatching(/^[0-9a-f]{12}$/) });
  });

  it('should allow only hosts below the wildcard, whatever stands in front', () => {
    fc.assert(
      fc.property(fc.webUrl({ validSchemes: ['https'], withQueryParameters: true }), (url) => {
        const { hostname } = new URL(url);
        const allowed = (() => {
          try {
            parseAllowedUrl(url, ['*.com']);
            return true;
          } catch {
            return false;
          }
        })();
        expect(allowed).toBe(/[^.]\.com$/.test(hostname));
      }),
    );
  });
});

describe('amazon-s3', () => {
  it.each([
    'https://bucket.s3.eu-central-1.amazonaws.com/key',
    'https://bucket.with.dots.s3.amazonaws.com/key',
    'https://s3.eu-central-1.amazonaws.com/bucket/key',
    'https://ap-000000000000.s3-accesspoint.eu-central-1.amazonaws.com/key',
    'https://bucket.s3.dualstack.eu-west-1.amazonaws.com/key',
    'https://bucket.s3.cn-north-1.amazonaws.com.cn/key',
  ])('should allow %s', (url) => {
    expect(parseAllowedUrl(url, ['amazon-s3']).href).toBe(url);
  });

  it.each([
    'https://ab12.execute-api.eu-central-1.amazonaws.com/',
    'https://internal-his-123.eu-central-1.elb.amazonaws.com/admin',
    'https://ec2-1-2-3-4.compute-1.amazonaws.com/',
    'https://bucket.s3.amazonaws.com:22/key',
    'https://s3.evil.example/key',
    'https://bucket.s3.amazonaws.com.evil.example/key',
  ])('should refuse %s', (url) => {
    expect(() => parseAllowedUrl(url, ['amazon-s3'])).toThrow(/allowedHosts/);
  });
});
