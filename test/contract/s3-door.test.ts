/** The contract of S3 on our own door, over TLS. */
import { Agent as HttpsAgent } from 'node:https';
import { Agent } from 'undici';
import { createCertificates } from '../../simulators/certificates';
import { lookupLocalhost } from '../../simulators/localhost-lookup';
import { S3Door } from '../../simulators/roche-dc/s3-door';
import { ObjectStore } from '../../simulators/roche-dc/s3-objects';
import { CredentialStore } from '../../simulators/roche-dc/temporary-credentials';
import { describeS3Door } from './s3-door.contract';

describeS3Door(
  'the door of the Roche simulator',
  ['presigned-urls', 'clock-skew', 'session-tokens', 'expired-session-tokens', 'access-points'],
  async () => {
    const certificates = await createCertificates();
    const credentials = new CredentialStore();
    const objects = new ObjectStore();
    const accessPoint = 'arn:aws:s3:eu-central-1:000000000000:accesspoint/ductus-demo';
    const door = new S3Door({
      region: 'eu-central-1',
      bucket: 'delivery-bucket',
      accessPoints: [accessPoint],
      credentials,
      objects,
      tls: certificates.server,
    });
    await door.start();
    const ca = certificates.ca.cert;
    const httpsAgent = new HttpsAgent({ ca, lookup: lookupLocalhost });
    const dispatcher = new Agent({ connect: { ca } });
    const resources = [accessPoint, 'delivery-bucket'];
    return {
      endpoint: door.endpoint,
      region: 'eu-central-1',
      bucket: 'delivery-bucket',
      credentials: credentials.issuePermanent(),
      requestHandler: { httpsAgent },
      dispatcher,
      accessPoint,
      put: (key, bytes) => {
        objects.put(key, bytes);
        return Promise.resolve();
      },
      issueSession: () => Promise.resolve(credentials.issueTemporary(3_600_000, resources)),
      issueExpiredSession: () => Promise.resolve(credentials.issueTemporary(-1000, resources)),
      stop: async () => {
        httpsAgent.destroy();
        await dispatcher.close();
        await door.stop();
      },
    };
  },
);
