/**
 * One trace from the webhook to the EMR, as a collector on a real socket gets it; and that a traced workflow can be
 * replayed, with traces and without.
 */
import path from 'node:path';
import type { OpenTelemetrySinks } from '@temporalio/interceptors-opentelemetry';
import { Worker, type InjectedSinks } from '@temporalio/worker';
import { z } from 'zod';
import { createDataConverter } from '../../src/runtime/codec/data-converter';
import { SECRETS } from '../support/config';
import { openHospital, startWorld, type World } from '../support/ductus';
import { acknowledged, bundle, result, share, WAIT_MS } from '../support/hospital-steps';
import { startScriptedServer, type ScriptedServer } from '../support/scripted-server';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

const SpanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes: z.array(z.object({ key: z.string(), value: z.unknown() })),
  events: z.array(z.unknown()).optional(),
  status: z.object({ code: z.number().optional(), message: z.string().optional() }),
});
type Span = z.infer<typeof SpanSchema>;
const ExportSchema = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(SpanSchema) })) })),
});

function collector(): Promise<ScriptedServer> {
  return startScriptedServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{}');
  }, undefined);
}

function spansOf({ requests }: ScriptedServer): readonly Span[] {
  return requests.flatMap(({ body }) =>
    ExportSchema.parse(JSON.parse(body.toString('utf8'))).resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans),
    ),
  );
}

/** Names from a span up to the first of its trace. */
function wayUp(spans: readonly Span[], from: Span): readonly string[] {
  const parent = spans.find((one) => one.spanId === from.parentSpanId);
  return parent === undefined ? [from.name] : [from.name, ...wayUp(spans, parent)];
}

it('should be one trace from the webhook over the workflow and its activities to Roche, S3 and the EMR', async () => {
  await using otlp = await collector();
  await using hospital = await openHospital(world, {
    traces: { endpoint: `http://127.0.0.1:${String(otlp.port)}/v1/traces`, ratio: 1 },
  });
  const { messageId } = await share(hospital, bundle(11));
  await acknowledged(hospital);
  await result(hospital, messageId);
  // A stop sends what is left.
  await hospital.ductus.stop();
  const spans = spansOf(otlp);
  const of = (name: string): Span => {
    const found = spans.find((span) => span.name === name);
    if (found === undefined) throw new Error(`no span ${name} among ${spans.map((span) => span.name).join(', ')}`);
    return found;
  };
  const way = (activity: string, request: string): void =>
    expect(wayUp(spans, of(request))).toEqual([
      request,
      `RunActivity:${activity}`,
      `StartActivity:${activity}`,
      'RunWorkflow:dataSharing',
      'SignalWithStartWorkflow:dataSharing',
      'POST /roche/notifications',
    ]);
  way('obtainToken', 'Roche token');
  way('retrieveFile', 'S3 object');
  way('deliverMessages', 'EMR message');
  way('acknowledge', 'Roche acknowledge');
  const { traceId } = of('POST /roche/notifications');
  expect(of('EMR message').traceId).toBe(traceId);

  // Names and codes only: no value, no text, no stack, no secret.
  const keys = new Set(spans.flatMap((span) => span.attributes.map(({ key }) => key)));
  expect(
    [...keys].filter(
      (key) =>
        !/^(ductus\.(organization|destination|error_code)|run_?[iI]d|temporalActivityId|(temporalW|w)orkflowId|workflowType)$/.test(
          key,
        ),
    ),
  ).toEqual([]);
  expect(spans.flatMap((span) => span.events ?? [])).toEqual([]);
  const text = otlp.requests.map(({ body }) => body.toString('utf8')).join('\n');
  for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
});

it('should say with which code a step failed, and not in which words', async () => {
  await using otlp = await collector();
  await using hospital = await openHospital(world, {
    traces: { endpoint: `http://127.0.0.1:${String(otlp.port)}/v1/traces`, ratio: 1 },
  });
  hospital.emr.script({ answer: { kind: 'AE' } });
  const { messageId } = await share(hospital, bundle(12));
  await until(
    async () => {
      const { stage } = await hospital.client.workflow
        .getHandle(hospital.workflowId(messageId))
        .query<{ readonly stage: string }>('status');
      return stage === 'parked';
    },
    WAIT_MS,
    'parking',
  );
  await hospital.ductus.stop();
  const failed = spansOf(otlp).filter((span) => span.status.code === 2);
  expect(failed.find((span) => span.name === 'EMR message')?.status.message).toBe('DUCTUS_EMR_REJECTED');
  expect(failed.map((span) => span.status.message ?? '').filter((text) => !/^(DUCTUS_\w+)?$/.test(text))).toEqual([]);
});

it('should leave a history that replays with the traces of the bundle, and without', async () => {
  await using otlp = await collector();
  await using hospital = await openHospital(world, {
    traces: { endpoint: `http://127.0.0.1:${String(otlp.port)}/v1/traces`, ratio: 1 },
  });
  const { messageId } = await share(hospital, bundle(13));
  await acknowledged(hospital);
  await result(hospital, messageId);
  const history = await hospital.client.workflow.getHandle(hospital.workflowId(messageId)).fetchHistory();
  const dataConverter = createDataConverter(hospital.config);
  const sinks: InjectedSinks<OpenTelemetrySinks> = { exporter: { export: { fn: () => undefined } } };
  await Worker.runReplayHistory({ ...world.workflows, dataConverter, sinks }, history);
  const workflowsPath = path.resolve(__dirname, '../../src/workflows/index.ts');
  await Worker.runReplayHistory({ workflowsPath, dataConverter }, history);
});

it('should not hold up a stop for a collector that takes everything and says nothing', async () => {
  await using otlp = await startScriptedServer(() => new Promise<void>(() => undefined), undefined);
  await using hospital = await openHospital(world, {
    traces: { endpoint: `http://127.0.0.1:${String(otlp.port)}/v1/traces`, ratio: 1 },
  });
  await share(hospital, bundle(15));
  await acknowledged(hospital);
  await hospital.ductus.stop();
  expect(otlp.requests).not.toHaveLength(0);
  expect(hospital.logLines.filter((line) => line.includes('did not stop cleanly'))).toEqual([]);
});

it('should send nothing where no endpoint is configured, and put nothing into the history', async () => {
  await using hospital = await openHospital(world);
  const { messageId } = await share(hospital, bundle(14));
  await acknowledged(hospital);
  await result(hospital, messageId);
  const { events } = await hospital.client.workflow.getHandle(hospital.workflowId(messageId)).fetchHistory();
  expect(Object.keys(events?.[0]?.workflowExecutionStartedEventAttributes?.header?.fields ?? {})).toEqual([]);
});
