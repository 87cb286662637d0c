/** Who calls: organizations by Basic authentication and/or client certificate, operators by Bearer token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { TLSSocket } from 'node:tls';
import type { Viewer } from '../domain/audit';
import type { OrganizationId } from '../domain/identifiers';
import { DuctusError } from '../domain/errors';
import { OrganizationIdSchema } from '../domain/identifiers';
import type { Config, OrganizationConfig } from '../runtime/config/schema';

/** Compares without telling by time where the difference is. */
export function sameSecret(given: string, expected: string): boolean {
  const hash = (value: string): Buffer => createHash('sha256').update(value).digest();
  return timingSafeEqual(hash(given), hash(expected));
}

interface BasicCredentials {
  readonly username: string;
  readonly password: string;
}

function basicCredentials(header: string | undefined): BasicCredentials | undefined {
  const match = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '');
  if (match?.[1] === undefined) return undefined;
  const text = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function certificateFingerprint(request: FastifyRequest): string | undefined {
  const { socket } = request.raw;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  return socket.getPeerCertificate().fingerprint256;
}

function normalized(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

function proves(
  organization: OrganizationConfig,
  basic: BasicCredentials | undefined,
  fingerprint: string | undefined,
): boolean {
  const { basic: wantedBasic, clientCertificate } = organization.notification;
  if (wantedBasic !== undefined) {
    if (basic === undefined) return false;
    const nameMatches = sameSecret(basic.username, wantedBasic.username);
    if (!sameSecret(basic.password, wantedBasic.password.reveal()) || !nameMatches) return false;
  }
  if (clientCertificate !== undefined) {
    if (fingerprint === undefined || !sameSecret(normalized(fingerprint), normalized(clientCertificate.sha256)))
      return false;
  }
  return true;
}

/**
 * The organizations that the caller proves to be: several may share credentials, and `EmrOid` picks one of them.
 * Empty: not authenticated.
 */
export function authenticatedOrganizations(config: Config, request: FastifyRequest): readonly OrganizationId[] {
  const basic = basicCredentials(request.headers.authorization);
  const fingerprint = certificateFingerprint(request);
  return Object.entries(config.organizations)
    .filter(([, organization]) => proves(organization, basic, fingerprint))
    .map(([id]) => OrganizationIdSchema.parse(id));
}

export type OperatorRight = Config['operators'][number]['rights'][number];

/** The operator who has this token, or undefined. */
export function operatorOfToken(
  config: Pick<Config, 'operators'>,
  token: string | undefined,
): Config['operators'][number] | undefined {
  if (token === undefined) return undefined;
  let found: Config['operators'][number] | undefined;
  for (const operator of config.operators) {
    if (sameSecret(token, operator.token.reveal())) found = operator;
  }
  return found;
}

/** The operator whose token was sent, or undefined. */
export function authenticatedOperator(
  config: Config,
  request: FastifyRequest,
): Config['operators'][number] | undefined {
  return operatorOfToken(config, /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]);
}

/**
 * The name of the operator who calls.
 * @throws DuctusError DUCTUS_UNAUTHENTICATED; DUCTUS_FORBIDDEN without the right
 */
export function requireOperator(config: Config, request: FastifyRequest, right: OperatorRight): string {
  const known = authenticatedOperator(config, request);
  if (known === undefined) throw new DuctusError('DUCTUS_UNAUTHENTICATED');
  if (!known.rights.includes(right)) throw new DuctusError('DUCTUS_FORBIDDEN', `This needs the right "${right}".`);
  return known.name;
}

/** As `requireOperator`, with where the operator came from: for what stands in the audit. */
export function requireViewer(config: Config, request: FastifyRequest, right: OperatorRight): Viewer {
  return { by: requireOperator(config, request, right), origin: { via: 'http', address: request.ip } };
}
