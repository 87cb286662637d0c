/**
 * OpenTelemetry traces, from the webhook through Temporal to the EMR, sent by OTLP over HTTP. Off unless
 * `traces.endpoint` is configured. Trace backends are read by many: what leaves is names, times, and the attributes of a
 * closed list.
 */
import { context, propagation, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type ReadableSpan,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
  type OpenTelemetrySinks,
} from '@temporalio/interceptors-opentelemetry';
import type { InjectedSinks, WorkerInterceptors } from '@temporalio/worker';
import type { Config } from '../config/schema';
import { ductusVersion } from '../version';
import { within } from './once-a-while';
import { SPAN_ATTRIBUTES } from './span';

export interface Tracing {
  readonly clientInterceptors: readonly WorkflowClientInterceptor[];
  readonly worker: { readonly interceptors: WorkerInterceptors; readonly sinks: InjectedSinks<OpenTelemetrySinks> };
  /** Sends what is left. */
  close(): Promise<void>;
}

/** How long a stop waits for the collector to take the last spans. */
const LAST_SPANS_MS = 2_000;

/** What may leave: our own names, and those by which Temporal's interceptors name an execution. */
const ALLOWED: ReadonlySet<string> = new Set([
  ...Object.values(SPAN_ATTRIBUTES),
  'run_id',
  'runId',
  'temporalActivityId',
  'temporalWorkflowId',
  'workflowId',
  'workflowType',
]);

/** Takes everything out of a span that is not of the closed list: attributes, and texts and stacks of errors. */
export class ClosedListProcessor implements SpanProcessor {
  constructor(private readonly next: SpanProcessor) {}

  onStart(...args: Parameters<SpanProcessor['onStart']>): void {
    this.next.onStart(...args);
  }

  onEnd(span: ReadableSpan): void {
    for (const name of Object.keys(span.attributes)) {
      if (!ALLOWED.has(name)) delete span.attributes[name];
    }
    const { code, message } = span.status;
    // A status of ours says a code; that of an interceptor the text of an error.
    if (message !== undefined && !/^DUCTUS_[A-Z0-9_]+$/.test(message))
      Object.assign(span.status, { code, message: '' });
    span.events.length = 0;
    span.links.length = 0;
    this.next.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.next.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.next.shutdown();
  }
}

/** Starts to trace this process. @returns undefined where no endpoint is configured */
export function startTracing(config: Config): Tracing | undefined {
  const { endpoint, ratio } = config.traces;
  if (endpoint === undefined) return undefined;
  const resource = new Resource({ 'service.name': 'ductus', 'service.version': ductusVersion() });
  const processor = new ClosedListProcessor(new BatchSpanProcessor(new OTLPTraceExporter({ url: endpoint })));
  const provider = new NodeTracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [processor],
  });
  provider.register();
  return {
    clientInterceptors: [new OpenTelemetryWorkflowClientInterceptor()],
    worker: {
      interceptors: { activity: [(ctx) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(ctx) })] },
      sinks: { exporter: makeWorkflowExporter(processor, resource) },
    },
    close: async () => {
      // OpenTelemetry keeps one provider a process; the next start registers its own.
      trace.disable();
      context.disable();
      propagation.disable();
      try {
        await within(LAST_SPANS_MS, provider.shutdown());
      } catch {
        // A collector that is away holds up no stop: what it did not take is lost.
      }
    },
  };
}
