/** The contract of S3 on moto with its authentication on, which checks the session tokens of its STS. */
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { request } from 'undici';
import { describeS3Door } from '../s3-door.contract';
import { startPeer } from './peer-process';

const REGION = 'eu-central-1';
const ACCOUNT = '123456789012';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/reader`;
const ALLOW_ALL = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
});

describeS3Door('moto', ['session-tokens'], async () => {
  // moto lets this many actions pass unchecked; they are for making the user and the role.
  const peer = await startPeer('moto/bin/moto_server', (port) => ['-H', '127.0.0.1', '-p', String(port)], {
    INITIAL_NO_AUTH_ACTION_COUNT: '1000',
  });
  const iam = (action: string, fields: Record<string, string>): Promise<string> =>
    callIam(peer.endpoint, action, fields);
  await iam('CreateUser', { UserName: 'contract' });
  await iam('PutUserPolicy', { UserName: 'contract', PolicyName: 'all', PolicyDocument: ALLOW_ALL });
  await iam('CreateRole', { RoleName: 'reader', AssumeRolePolicyDocument: ALLOW_ALL });
  await iam('PutRolePolicy', { RoleName: 'reader', PolicyName: 'all', PolicyDocument: ALLOW_ALL });
  const key = await iam('CreateAccessKey', { UserName: 'contract' });
  const credentials = {
    accessKeyId: element(key, 'AccessKeyId'),
    secretAccessKey: element(key, 'SecretAccessKey'),
  };
  const setup = { endpoint: peer.endpoint, region: REGION, credentials };
  const s3 = new S3Client({ ...setup, forcePathStyle: true });
  await s3.send(
    new CreateBucketCommand({
      Bucket: 'delivery-bucket',
      CreateBucketConfiguration: { LocationConstraint: REGION },
    }),
  );
  await (await request(`${peer.endpoint}/moto-api/reset-auth`, { method: 'POST', body: '0' })).body.dump();

  const sts = new STSClient(setup);
  return {
    endpoint: peer.endpoint,
    region: REGION,
    bucket: 'delivery-bucket',
    credentials,
    put: async (objectKey, bytes) => {
      await s3.send(new PutObjectCommand({ Bucket: 'delivery-bucket', Key: objectKey, Body: bytes }));
    },
    issueSession: async () => {
      const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'contract' }));
      return {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken ?? '',
      };
    },
    stop: async () => {
      s3.destroy();
      sts.destroy();
      await peer.stop();
    },
  };
});

/** Calls IAM without a client of its own; moto finds the service by the scope in the header. */
async function callIam(endpoint: string, action: string, fields: Readonly<Record<string, string>>): Promise<string> {
  const answer = await request(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `AWS4-HMAC-SHA256 Credential=setup/20260101/${REGION}/iam/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: new URLSearchParams({ Action: action, Version: '2010-05-08', ...fields }).toString(),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) {
    throw new Error(`IAM ${action}: ${answer.statusCode} ${text}`);
  }
  return text;
}

function element(xml: string, name: string): string {
  const value = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
  if (value === undefined) {
    throw new Error(`no ${name} in the answer`);
  }
  return value;
}
