/**
 * Credentials from AWS STS, for sites that reach the bucket by a role of their own instead of Roche's token
 * service (SPECS §3.2). One attempt each; the callers retry.
 */
import { readFile } from 'node:fs/promises';
import { AssumeRoleCommand, AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Credentials, STSClientConfig } from '@aws-sdk/client-sts';
import { DuctusError } from '../../domain/errors';
import { LIMITS } from '../../domain/limits';
import type { OrganizationConfig } from '../../runtime/config/schema';
import { Secret } from '../../runtime/config/secret';
import type { CredentialFetch, S3Credentials } from './credentials';
import { isServerBusy, readServiceError } from './service-error';

type CredentialConfig = OrganizationConfig['retrieval']['credentials'];
export type AssumeRoleConfig = Extract<CredentialConfig, { source: 'assume-role' }>;
export type WebIdentityConfig = Extract<CredentialConfig, { source: 'web-identity' }>;

/** Said of a web identity token that is too old or was issued for somebody else; the file may hold a newer one by now. */
const STALE_IDENTITY: ReadonlySet<string> = new Set(['ExpiredTokenException', 'ExpiredToken', 'InvalidIdentityToken']);

/** STS could not reach the identity provider: "retry" by the API reference, whatever the status. */
const PROVIDER_UNREACHABLE: ReadonlySet<string> = new Set(['IDPCommunicationError', 'IDPCommunicationErrorException']);

/**
 * `AssumeRole`, with the credentials that the AWS SDK finds for this process (environment, profile, instance role).
 * @returns a fetch for `CredentialCache`; it throws DUCTUS_STS_REFUSED or DUCTUS_S3_UNREACHABLE
 */
export function assumeRoleSource(config: AssumeRoleConfig): CredentialFetch {
  const client = new STSClient(clientConfig(config));
  return async (signal) => {
    try {
      const answer = await client.send(
        new AssumeRoleCommand({
          RoleArn: config.roleArn,
          RoleSessionName: config.sessionName,
          DurationSeconds: config.durationSeconds,
          ...(config.externalId === undefined ? {} : { ExternalId: config.externalId }),
        }),
        { ...(signal === undefined ? {} : { abortSignal: signal }) },
      );
      return toCredentials(answer.Credentials, config.roleArn);
    } catch (error) {
      throw stsError(error, config.roleArn, signal);
    }
  };
}

/**
 * `AssumeRoleWithWebIdentity`, with the token in a file that the platform renews (Kubernetes does, about hourly).
 * @returns as `assumeRoleSource`
 */
export function webIdentitySource(config: WebIdentityConfig): CredentialFetch {
  // The call is not signed; these keep the SDK from looking for others.
  const client = new STSClient({ ...clientConfig(config), credentials: { accessKeyId: '', secretAccessKey: '' } });
  const exchange = async (token: string, signal: AbortSignal | undefined): Promise<S3Credentials> => {
    const answer = await client.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: config.roleArn,
        RoleSessionName: config.sessionName,
        DurationSeconds: config.durationSeconds,
        WebIdentityToken: token,
      }),
      { ...(signal === undefined ? {} : { abortSignal: signal }) },
    );
    return toCredentials(answer.Credentials, config.roleArn);
  };
  return async (signal) => {
    const token = await readToken(config.tokenFile);
    try {
      return await exchange(token, signal);
    } catch (error) {
      if (!STALE_IDENTITY.has(readServiceError(error, Date.now()).name)) throw stsError(error, config.roleArn, signal);
      const newer = await readToken(config.tokenFile);
      if (newer === token) throw stsError(error, config.roleArn, signal);
      try {
        return await exchange(newer, signal);
      } catch (second) {
        throw stsError(second, config.roleArn, signal);
      }
    }
  };
}

function clientConfig(config: AssumeRoleConfig | WebIdentityConfig): STSClientConfig {
  return {
    region: config.region,
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: LIMITS.httpConnectMs,
      requestTimeout: LIMITS.rocheRequestMs,
      throwOnRequestTimeout: true,
    },
    ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint }),
  };
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    throw new DuctusError('DUCTUS_STS_REFUSED', 'The web identity token file cannot be read.', {
      details: { tokenFile: path },
    });
  }
}

function toCredentials(credentials: Credentials | undefined, roleArn: string): S3Credentials {
  if (!credentials?.AccessKeyId || !credentials.SecretAccessKey || !credentials.SessionToken) {
    throw new DuctusError('DUCTUS_S3_UNREACHABLE', 'AWS STS answered without credentials.', { details: { roleArn } });
  }
  return {
    accessKeyId: credentials.AccessKeyId,
    secretAccessKey: new Secret(credentials.SecretAccessKey),
    sessionToken: new Secret(credentials.SessionToken),
    expiration: credentials.Expiration,
  };
}

function stsError(error: unknown, roleArn: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof DuctusError) return error;
  const failure = readServiceError(error, Date.now());
  const reason = failure.reason ?? failure.name;
  const details = { roleArn, reason, ...(failure.status === undefined ? {} : { status: failure.status }) };
  if (failure.reason !== undefined || isServerBusy(failure) || PROVIDER_UNREACHABLE.has(failure.name)) {
    return new DuctusError('DUCTUS_S3_UNREACHABLE', `AWS STS did not give credentials (${reason}).`, {
      details,
      ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
    });
  }
  // No status: the SDK found nothing to sign with (CredentialsProviderError) before it called.
  return new DuctusError('DUCTUS_STS_REFUSED', `AWS STS refused to give credentials for ${roleArn} (${reason}).`, {
    details,
  });
}
