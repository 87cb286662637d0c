/** One scrape of each process, as Prometheus makes it; and the alerts about what does not happen. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { request } from 'undici';
import { z } from 'zod';
import { freePort } from '../../src/runtime/embedded/ports';
import { SECRETS } from '../support/config';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { acknowledged, bundle, parked, share, WAIT_MS } from '../support/hospital-steps';
import { startScriptedServer } from '../support/scripted-server';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

let world: World;
let sdkMetricsUrl: string;
beforeAll(async () => {
  const port = await freePort();
  sdkMetricsUrl = `http://127.0.0.1:${String(port)}/metrics`;
  world = await startWorld(testTemporalAddress(), port);
});
afterAll(() => world.stop());

async function get(url: string, token?: string): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await request(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.statusCode, text: await answer.body.text() };
}

/** The text of the next scrape that has it: answers are kept for a second. */
const scraped = (hospital: Hospital, wanted: string): Promise<string> =>
  until(
    async () => {
      const { text } = await get(`${hospital.ductus.metricsUrl ?? ''}/metrics`);
      return text.includes(wanted) ? text : undefined;
    },
    WAIT_MS,
    wanted,
  );

/** Looks at the conditions now. @returns how many hold */
const watch = ({ client, config }: Hospital): Promise<number> =>
  client.workflow.execute<() => Promise<number>>('watch', {
    taskQueue: config.temporal.taskQueue,
    workflowId: `watch-${randomUUID()}`,
  });

/** Names of the SDK's metrics that exist only after something has failed. */
const AFTER_FAILURES = new Set(['temporal_request_failure_total']);

it('should have the metrics of Ductus, of the SDK and of the store in one place', async () => {
  await using hospital = await openHospital(world, { metrics: { port: 0 }, sdkMetricsUrl });
  await share(hospital, bundle(1));
  await acknowledged(hospital);
  // Quick steps are local activities; the watch has one that the server hands out.
  await watch(hospital);
  const text = await scraped(hospital, 'temporal_activity_schedule_to_start_latency_seconds_bucket');
  expect(text).toContain(`ductus_deliveries_seconds_bucket{le="5",destination="${hospital.destination}"} 1`);
  expect(text).toContain(`ductus_works_total{organization="${hospital.organizationId}",disposition="new"} 1`);
  expect(text).toContain(`ductus_destination_state{destination="${hospital.destination}",state="open"} 1`);
  expect(text).toContain('ductus_dependency_up{dependency="temporal"} 1');
  expect(text).toContain('ductus_role{role="worker"} 1');
  expect(text).toMatch(
    /ductus_certificate_not_after_timestamp_seconds\{certificate="organizations\.[\w.-]+\.roche\.tls\.cert"/,
  );
  expect(text).toMatch(/ductus_http_requests_seconds_count\{route="\/roche\/notifications",status="2xx"\} 1/);
  // A metric twice would make Prometheus refuse all of them.
  const types = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(new Set(types).size).toBe(types.length);
  const dashboard = readFileSync(path.resolve(__dirname, '../../ops/grafana/ductus.json'), 'utf8');
  const asked = new Set(dashboard.match(/\btemporal_\w+/g));
  expect(asked.size).toBeGreaterThan(3);
  expect([...asked].filter((name) => !AFTER_FAILURES.has(name) && !text.includes(`\n${name}{`))).toEqual([]);
});

it('should show what is parked and how old it is, for the configured names only', async () => {
  await using hospital = await openHospital(world, { metrics: { port: 0 } });
  hospital.emr.script({ answer: { kind: 'AE' } });
  const { messageId } = await share(hospital, bundle(2));
  await parked(hospital, messageId);
  const { organizationId } = hospital;
  const labels = `flow="data-sharing",organization="${organizationId}"`;
  const text = await scraped(hospital, `ductus_parked_work{${labels},code="DUCTUS_EMR_REJECTED"} 1`);
  expect(text).toContain(`ductus_open_work{${labels},stage="parked"} 1`);
  expect(text).toMatch(new RegExp(`ductus_oldest_work_age_seconds\\{${labels},stage="parked"\\} \\d`));
  expect(text).toMatch(
    new RegExp(`ductus_last_notification_timestamp_seconds\\{organization="${organizationId}"\\} \\d{10}`),
  );
  expect(text).not.toContain(messageId);
});

it('should ask on the port of the API for an operator with the right to read', async () => {
  await using hospital = await openHospital(world, { metrics: { public: false } });
  expect(hospital.ductus.metricsUrl).toBeUndefined();
  expect((await get(`${hospital.url}/metrics`)).status).toBe(401);
  expect((await get(`${hospital.url}/metrics`, 'wrong')).status).toBe(401);
  const { status, text } = await get(`${hospital.url}/metrics`, SECRETS['READER']);
  expect(status).toBe(200);
  expect(text).toContain('ductus_build_info{');
  expect((await get(`${hospital.url}/health/ready`)).status).toBe(200);
});

it('should answer in time while PostgreSQL takes queries and answers none', async () => {
  await using hospital = await openHospital(world);
  const database = new Client({ connectionString: hospital.storeUrl });
  await database.connect();
  try {
    await database.query('begin; lock table destination in access exclusive mode');
    // What Prometheus waits at most (its scrape_timeout).
    const limits = { headersTimeout: 10_000, bodyTimeout: 10_000 };
    const [ready, metrics] = await Promise.all(
      ['/health/ready', '/metrics'].map((path) => request(`${hospital.url}${path}`, limits)),
    );
    expect(ready?.statusCode).toBe(503);
    expect(await ready?.body.json()).toEqual({ status: 'unavailable', missing: ['postgresql'] });
    expect(await metrics?.body.text()).toContain('ductus_dependency_up{dependency="postgresql"} 0');
  } finally {
    await database.end();
  }
});

it('should have an endpoint for a worker alone', async () => {
  await using hospital = await openHospital(world, { metrics: { port: 0 }, sdkMetricsUrl });
  await hospital.ductus.stop();
  await hospital.startAgain('worker');
  expect(hospital.ductus.url).toBeUndefined();
  const text = await scraped(hospital, 'ductus_role{role="worker"} 1');
  expect(text).not.toContain('role="api"');
  expect(text).toContain('temporal_worker_task_slots_available');
  expect((await get(`${hospital.ductus.metricsUrl ?? ''}/health/ready`)).status).toBe(200);
});

const AlertSchema = z.object({ kind: z.enum(['raised', 'cleared']), key: z.string(), code: z.string() });

it('should tell it later when the webhook was down as an alert began, and once', async () => {
  let isDown = true;
  await using webhook = await startScriptedServer((_request, response) => {
    response.statusCode = isDown ? 503 : 200;
    response.end();
  }, undefined);
  await using hospital = await openHospital(world, {
    alerts: { webhook: `http://127.0.0.1:${String(webhook.port)}/`, certificateDays: 1000 },
  });
  const told = (): string[] =>
    webhook.requests.map(({ body }) => {
      const { kind, key } = AlertSchema.parse(JSON.parse(body.toString('utf8')));
      return `${kind} ${key}`;
    });
  const holding = await watch(hospital);
  const raised = [...new Set(told())].sort();
  expect(raised).toHaveLength(holding);
  isDown = false;
  webhook.requests.length = 0;
  await watch(hospital);
  await watch(hospital);
  expect(told().sort()).toEqual(raised);

  isDown = true;
  hospital.config.alerts.certificateDays = 7;
  await watch(hospital);
  isDown = false;
  webhook.requests.length = 0;
  await watch(hospital);
  await watch(hospital);
  expect(told().sort()).toEqual(raised.map((line) => line.replace('raised', 'cleared')));
});

it('should tell once when nothing comes, work gets old or a certificate ends, and once when it is over', async () => {
  await using webhook = await startScriptedServer((_request, response) => void response.end(), undefined);
  await using hospital = await openHospital(world, {
    alerts: { webhook: `http://127.0.0.1:${String(webhook.port)}/`, certificateDays: 7 },
    organization: { alerts: { noTrafficHours: 2 } },
    // Nothing but the watch may raise something here.
    dataSharing: { acknowledgeDeadlineMs: 10 * 24 * 3_600_000 },
  });
  const { organizationId, config } = hospital;
  const told = (): string[] =>
    webhook.requests.map(({ body }) => {
      const { kind, key, code } = AlertSchema.parse(JSON.parse(body.toString('utf8')));
      return `${kind} ${key} ${code}`;
    });
  await share(hospital, bundle(3));
  await acknowledged(hospital);
  await until(async () => (await watch(hospital)) === 0, WAIT_MS, 'nothing to tell');
  expect(told()).toEqual([]);

  // Three hours later: the EMR is held since, and a file waits for it.
  const database = new Client({ connectionString: hospital.storeUrl });
  await database.connect();
  try {
    await database.query(
      "update notification set received_at = now() - interval '3 hours', stage = 'delivering', closed_at = null",
    );
    const raised = [
      `raised no-traffic/${organizationId} DUCTUS_NO_TRAFFIC`,
      `raised work-old/${organizationId} DUCTUS_WORK_OLD`,
    ];
    expect(await watch(hospital)).toBe(2);
    expect(told()).toEqual(raised);
    expect(await watch(hospital)).toBe(2);
    expect(told()).toEqual(raised);
    await database.query("update notification set stage = 'done', closed_at = now()");
  } finally {
    await database.end();
  }
  await share(hospital, bundle(4));
  await acknowledged(hospital, 2);
  expect(await watch(hospital)).toBe(0);
  expect(told().slice(2).sort()).toEqual([
    `cleared no-traffic/${organizationId} DUCTUS_NO_TRAFFIC`,
    `cleared work-old/${organizationId} DUCTUS_WORK_OLD`,
  ]);

  // The certificates of the simulators are valid for two years.
  config.alerts.certificateDays = 1000;
  const holding = await watch(hospital);
  expect(holding).toBeGreaterThan(0);
  const certificates = told().slice(4);
  expect(certificates).toContain(
    `raised certificate/organizations.${organizationId}.roche.tls.cert DUCTUS_CERTIFICATE_EXPIRES`,
  );
  config.alerts.certificateDays = 7;
  expect(await watch(hospital)).toBe(0);
  expect(told().slice(4 + holding)).toEqual(certificates.map((line) => line.replace('raised', 'cleared')));
});
