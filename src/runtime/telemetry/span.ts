/** One step of a trace. Without `traces.endpoint`, OpenTelemetry's API does nothing here. */
import { SpanKind, SpanStatusCode, trace, type Attributes } from '@opentelemetry/api';
import { DuctusError } from '../../domain/errors';

/** Names of our attributes: a closed list, none of which can point at a person. `traces.ts` lets no other out. */
export const SPAN_ATTRIBUTES = {
  organization: 'ductus.organization',
  destination: 'ductus.destination',
  errorCode: 'ductus.error_code',
} as const;

export interface SpanOptions {
  readonly kind: 'server' | 'client';
  readonly organization?: string;
  readonly destination?: string;
}

/** Runs a call inside a span that ends with it; a failure is noted by its code, never by its text. */
export function traced<Result>(name: string, options: SpanOptions, call: () => Promise<Result>): Promise<Result> {
  const attributes: Attributes = {};
  if (options.organization !== undefined) attributes[SPAN_ATTRIBUTES.organization] = options.organization;
  if (options.destination !== undefined) attributes[SPAN_ATTRIBUTES.destination] = options.destination;
  const kind = options.kind === 'server' ? SpanKind.SERVER : SpanKind.CLIENT;
  return trace.getTracer('ductus').startActiveSpan(name, { kind, attributes }, async (span) => {
    try {
      return await call();
    } catch (error) {
      const code = error instanceof DuctusError ? error.code : 'DUCTUS_INTERNAL';
      span.setAttribute(SPAN_ATTRIBUTES.errorCode, code);
      span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      throw error;
    } finally {
      span.end();
    }
  });
}
