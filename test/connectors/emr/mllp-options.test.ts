import { mllpOptions } from '../../../src/connectors/emr/mllp-pool';
import { testConfig } from '../../support/config';

describe('mllpOptions', () => {
  it('should take everything from the configuration of a destination', () => {
    const config = testConfig(
      {
        organizations: {},
        destinations: {
          emr: {
            kind: 'mllp',
            host: 'emr.example',
            port: 2575,
            connections: 3,
            tls: { cert: { env: 'EMR_CERT' }, key: { env: 'EMR_KEY' }, ca: { env: 'EMR_CA' }, serverName: 'emr' },
          },
        },
      },
      { EMR_CERT: 'cert pem', EMR_KEY: 'key pem', EMR_CA: 'ca pem' },
    );
    const [destination] = Object.values(config.destinations);
    if (destination?.kind !== 'mllp') throw new Error('no destination');
    expect(mllpOptions(destination)).toEqual({
      host: 'emr.example',
      port: 2575,
      tls: { cert: 'cert pem', key: 'key pem', ca: 'ca pem', serverName: 'emr' },
      connections: 3,
      connectTimeoutMs: 5_000,
      acknowledgmentTimeoutMs: 30_000,
      idleTimeoutMs: 60_000,
      maxAnswerBytes: 64 * 1024,
    });
  });
});
