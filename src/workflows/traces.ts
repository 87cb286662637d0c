/**
 * Traces inside a workflow, by the SDK's own interceptors. Whether a workflow is traced stands in its history (a header
 * of its start, of a signal), never in the configuration of a worker: so a replay does what the first run did, also
 * after traces were switched on or off, and work that is not traced pays nothing.
 */
import type {
  WorkflowInboundCallsInterceptor,
  WorkflowInterceptorsFactory,
  WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';
import { TRACE_HEADER } from '@temporalio/interceptors-opentelemetry/lib/instrumentation';
import {
  OpenTelemetryInboundInterceptor,
  OpenTelemetryInternalsInterceptor,
  OpenTelemetryOutboundInterceptor,
} from '@temporalio/interceptors-opentelemetry/lib/workflow';

/** The SDK calls it once for each workflow. Queries and updates are answered outside of the work, and not traced. */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let traced: OpenTelemetryOutboundInterceptor | undefined;
  const inbound: WorkflowInboundCallsInterceptor = {
    execute: (input, next) => {
      if (input.headers[TRACE_HEADER] === undefined) return next(input);
      traced = new OpenTelemetryOutboundInterceptor();
      return new OpenTelemetryInboundInterceptor().execute(input, next);
    },
    handleSignal: (input, next) =>
      input.headers[TRACE_HEADER] === undefined
        ? next(input)
        : new OpenTelemetryInboundInterceptor().handleSignal(input, next),
  };
  const outbound: WorkflowOutboundCallsInterceptor = {
    scheduleActivity: (input, next) => traced?.scheduleActivity(input, next) ?? next(input),
    scheduleLocalActivity: (input, next) => traced?.scheduleLocalActivity(input, next) ?? next(input),
    continueAsNew: (input, next) => traced?.continueAsNew(input, next) ?? next(input),
  };
  return {
    inbound: [inbound],
    outbound: [outbound],
    internals: [
      {
        dispose: (input, next) => {
          if (traced === undefined) next(input);
          else void new OpenTelemetryInternalsInterceptor().dispose(input, next);
        },
      },
    ],
  };
};
