import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { assumeRoleSource, webIdentitySource } from '../../../src/connectors/s3/sts';
import type { AssumeRoleConfig, WebIdentityConfig } from '../../../src/connectors/s3/sts';
import { ductusErrorOf, everythingOf } from '../../support/error-of';
import { startScriptedServer } from '../../support/scripted-server';
import type { Script, ScriptedServer } from '../../support/scripted-server';
import { temporaryFolder } from '../../support/temporary-folder';

const ROLE = 'arn:aws:iam::123456789012:role/reads-roche';

/** What the SDK signs with: the environment, as on a server outside AWS. */
const ENVIRONMENT = { AWS_ACCESS_KEY_ID: 'AKIAHOSPITAL', AWS_SECRET_ACCESS_KEY: 'planted-own-secret' };
const before = { ...process.env };

beforeAll(() => {
  Object.assign(process.env, ENVIRONMENT);
});

afterAll(() => {
  process.env = before;
});

function assumeRole(server: ScriptedServer, more: Partial<AssumeRoleConfig> = {}): AssumeRoleConfig {
  return {
    source: 'assume-role',
    region: 'eu-central-1',
    roleArn: ROLE,
    sessionName: 'ductus',
    durationSeconds: 3600,
    endpoint: `http://127.0.0.1:${server.port}`,
    ...more,
  };
}

function webIdentity(server: ScriptedServer, tokenFile: string): WebIdentityConfig {
  return {
    source: 'web-identity',
    region: 'eu-central-1',
    roleArn: ROLE,
    tokenFile,
    sessionName: 'ductus',
    durationSeconds: 900,
    endpoint: `http://127.0.0.1:${server.port}`,
  };
}

function give(action: 'AssumeRole' | 'AssumeRoleWithWebIdentity'): Script {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'text/xml' });
    response.end(
      `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>` +
        '<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>planted-secret</SecretAccessKey>' +
        '<SessionToken>planted-session</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration>' +
        `</Credentials></${action}Result></${action}Response>`,
    );
  };
}

function refuse(status: number, code: string): Script {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'text/xml' });
    response.end(
      '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>' +
        `<Code>${code}</Code><Message>User arn:aws:sts::1:planted-user may not</Message></Error></ErrorResponse>`,
    );
  };
}

const serve = (script: Script): Promise<ScriptedServer> => startScriptedServer(script, undefined);

describe('assumeRoleSource', () => {
  it('should ask for the configured role, signed with the credentials of the process', async () => {
    await using sts = await serve(give('AssumeRole'));
    const credentials = await assumeRoleSource(assumeRole(sts, { externalId: 'ext-1' }))();
    expect(credentials).toMatchObject({ accessKeyId: 'ASIAROLE', expiration: new Date('2030-01-01T00:00:00Z') });
    expect([credentials.secretAccessKey.reveal(), credentials.sessionToken?.reveal()]).toEqual([
      'planted-secret',
      'planted-session',
    ]);
    const [request] = sts.requests;
    expect(Object.fromEntries(new URLSearchParams(request?.body.toString()))).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: ROLE,
      RoleSessionName: 'ductus',
      DurationSeconds: '3600',
      ExternalId: 'ext-1',
    });
    expect(request?.headers.authorization).toContain('Credential=AKIAHOSPITAL/');
  });

  it.each([
    [403, 'AccessDenied', 'DUCTUS_STS_REFUSED'],
    [400, 'ValidationError', 'DUCTUS_STS_REFUSED'],
    [400, 'PackedPolicyTooLarge', 'DUCTUS_STS_REFUSED'],
    [403, 'RegionDisabledException', 'DUCTUS_STS_REFUSED'],
    [403, 'ExpiredToken', 'DUCTUS_STS_REFUSED'],
    [400, 'Throttling', 'DUCTUS_S3_UNREACHABLE'],
    [503, 'ServiceUnavailable', 'DUCTUS_S3_UNREACHABLE'],
    [500, 'InternalFailure', 'DUCTUS_S3_UNREACHABLE'],
  ])('should turn %i %s into %s, ask once, and quote nothing', async (status, name, code) => {
    await using sts = await serve(refuse(status, name));
    const error = await ductusErrorOf(assumeRoleSource(assumeRole(sts))());
    expect(error).toMatchObject({ code, details: { roleArn: ROLE, status } });
    expect(error.message).toContain(name);
    expect(everythingOf(error)).not.toContain('planted');
    expect(sts.requests).toHaveLength(1);
  });

  it('should say when nobody listens', async () => {
    const sts = await serve(give('AssumeRole'));
    await sts[Symbol.asyncDispose]();
    expect(await ductusErrorOf(assumeRoleSource(assumeRole(sts))())).toMatchObject({ code: 'DUCTUS_S3_UNREACHABLE' });
  });

  it('should not take an answer without credentials', async () => {
    await using sts = await serve(
      (_, response) => void response.writeHead(200).end('<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>'),
    );
    expect(await ductusErrorOf(assumeRoleSource(assumeRole(sts))())).toMatchObject({ code: 'DUCTUS_S3_UNREACHABLE' });
  });

  it('should end with the reason of a caller who gives up', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    await using sts = await serve(() => controller.abort(reason));
    await expect(assumeRoleSource(assumeRole(sts))(controller.signal)).rejects.toBe(reason);
  });
});

describe('webIdentitySource', () => {
  it('should exchange the token of the file, without a signature', async () => {
    using folder = temporaryFolder();
    const tokenFile = path.join(folder.path, 'token');
    writeFileSync(tokenFile, 'token-1\n');
    await using sts = await serve(give('AssumeRoleWithWebIdentity'));
    expect(await webIdentitySource(webIdentity(sts, tokenFile))()).toMatchObject({ accessKeyId: 'ASIAROLE' });
    const [request] = sts.requests;
    expect(Object.fromEntries(new URLSearchParams(request?.body.toString()))).toMatchObject({
      Action: 'AssumeRoleWithWebIdentity',
      WebIdentityToken: 'token-1',
      DurationSeconds: '900',
    });
    expect(request?.headers.authorization).toBeUndefined();
  });

  it('should try once more with the token that was renewed meanwhile', async () => {
    using folder = temporaryFolder();
    const tokenFile = path.join(folder.path, 'token');
    writeFileSync(tokenFile, 'old');
    await using sts = await serve((request, response, count) => {
      if (count > 0) return give('AssumeRoleWithWebIdentity')(request, response, count);
      writeFileSync(tokenFile, 'renewed');
      return refuse(400, 'ExpiredTokenException')(request, response, count);
    });
    expect(await webIdentitySource(webIdentity(sts, tokenFile))()).toMatchObject({ accessKeyId: 'ASIAROLE' });
    expect(new URLSearchParams(sts.requests[1]?.body.toString()).get('WebIdentityToken')).toBe('renewed');
  });

  it.each([
    [400, 'ExpiredTokenException', 'DUCTUS_STS_REFUSED'],
    [400, 'InvalidIdentityToken', 'DUCTUS_STS_REFUSED'],
    [403, 'IDPRejectedClaim', 'DUCTUS_STS_REFUSED'],
    [400, 'IDPCommunicationError', 'DUCTUS_S3_UNREACHABLE'],
  ])('should turn %i %s into %s', async (status, name, code) => {
    using folder = temporaryFolder();
    const tokenFile = path.join(folder.path, 'token');
    writeFileSync(tokenFile, 'planted-token');
    await using sts = await serve(refuse(status, name));
    const error = await ductusErrorOf(webIdentitySource(webIdentity(sts, tokenFile))());
    expect(error.code).toBe(code);
    expect(everythingOf(error)).not.toContain('planted');
    expect(sts.requests).toHaveLength(1);
  });

  it('should say when the file is not there', async () => {
    await using sts = await serve(give('AssumeRoleWithWebIdentity'));
    expect(await ductusErrorOf(webIdentitySource(webIdentity(sts, '/nowhere/token'))())).toMatchObject({
      code: 'DUCTUS_STS_REFUSED',
      details: { tokenFile: '/nowhere/token' },
    });
  });
});
