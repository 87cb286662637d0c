/**
 * What Roche's gateway checks before any of its APIs sees a request, and the platform's two shapes of a refusal: gateway
 * JSON and FHIR OperationOutcome (SPECS §1.1, §1.2).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { RocheOrganization } from './options';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export interface GatewayRefusal {
  readonly status: number;
  readonly body: unknown;
}

/** Whose request it is, or why it goes no further. */
export function passGateway(
  request: IncomingMessage,
  organizations: ReadonlyMap<string, RocheOrganization>,
): { readonly organization: RocheOrganization } | { readonly refusal: GatewayRefusal } {
  const refuse = (status: number, body: unknown): { refusal: GatewayRefusal } => ({ refusal: { status, body } });
  const policy = (detail: string): { refusal: GatewayRefusal } =>
    refuse(403, { status: 'error', detail: `Validation policy error: ${detail}` });
  if (!(request.socket instanceof TLSSocket) || !request.socket.authorized) {
    return policy('Certificate validation failed.');
  }
  const organization = organizations.get(header(request, 'org_id') ?? '');
  if (organization === undefined) {
    return refuse(403, operationOutcome('forbidden', 'The organization id is invalid.'));
  }
  if (header(request, 'client_id') !== organization.clientId) {
    return policy('ClientID enforcement error');
  }
  if (header(request, 'client_secret') !== organization.clientSecret) {
    return refuse(401, { error: 'Invalid Client' });
  }
  if (!UUID.test(header(request, 'x-origin-request-id') ?? '')) {
    return refuse(400, operationOutcome('required', 'The header x-origin-request-id is missing or not a UUID.'));
  }
  const contentType = (header(request, 'content-type') ?? 'application/json').split(';', 1)[0]?.trim();
  if (contentType !== 'application/json' && contentType !== 'application/fhir+json') {
    return refuse(400, operationOutcome('invalid', 'The content type is not supported.'));
  }
  return { organization };
}

export function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** @param expression FHIRPath of the element */
export function operationOutcome(code: string, text: string, expression?: string): unknown {
  const where = expression === undefined ? {} : { expression: [expression] };
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, details: { text }, ...where }] };
}

export function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': bytes.length, ...headers })
    .end(bytes);
}

/** An answer without a body. */
export function sendEmpty(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'Content-Length': 0, ...headers }).end();
}
