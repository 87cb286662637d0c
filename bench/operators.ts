/**
 * `npm run bench:operators`: what operators get has a price. (1) The audit: a message is
 * settled as accepted on a real PostgreSQL, with its row in the audit and without, in turns. (2) Traces: notifications
 * through two whole installations, one that traces all and one that traces nothing, round by round in turns.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { RawNode, sql, type KyselyPlugin } from 'kysely';
import {
  DestinationIdSchema,
  MessageControlIdSchema,
  NotificationIdSchema,
  OrganizationIdSchema,
} from '../src/domain/identifiers';
import { migrateStore, openStore, type Store } from '../src/store/database';
import { openNotification } from '../src/store/ledger';
import { markAccepted, replaceMessages } from '../src/store/messages';
import { startStage, type Stage } from '../test/faults/harness/stage';
import { startRealPostgres } from '../test/support/postgres';
import { Load } from './load';
import { alignedRows, percentile } from './statistics';

const SEED = 7;
const MESSAGES = 2000;
const WARM_UP = 200;
const RESOURCES = 100;
const MESSAGES_OF_A_FILE = 20;
/** An audit that has grown: indexes of an empty one cost nothing. */
const AUDIT_ROWS = 200_000;
const ROUNDS = 7;
const IDLE_FILES = 12;
const IDLE_READINGS = 100;
const SMALL_FILES = 100;
const SMALL_READINGS = 20;
const CONCURRENCY = 24;

const organization = OrganizationIdSchema.parse('hospital');
const emr = DestinationIdSchema.parse('emr');
const hashes = (prefix: string): string[] =>
  Array.from({ length: RESOURCES }, (_, index) => `${prefix}${String(index)}`.padEnd(22, '-'));

/** The same statement without its insert into the audit. */
const withoutAudit: KyselyPlugin = {
  transformQuery: ({ node }) => {
    if (!RawNode.is(node)) return node;
    const parameters = node.parameters.map((each) =>
      RawNode.is(each) && each.sqlFragments[0]?.includes('insert into audit_event') === true
        ? {
            ...each,
            sqlFragments: each.sqlFragments.map((text) =>
              text.replace(/insert into audit_event \([^)]*\)/, '').replace('on conflict (event_id) do nothing', ''),
            ),
          }
        : each,
    );
    return { ...node, parameters };
  },
  transformResult: ({ result }) => Promise.resolve(result),
};

interface Pair {
  readonly with: number;
  readonly without: number;
}

/** Medians, and the median of the ratios of the rounds: what slows a round slows both of its sides. */
interface Compared extends Pair {
  readonly ratio: number;
}

const median = (values: readonly number[]): number => percentile(values, 0.5);

function compared(times: Readonly<Record<keyof Pair, readonly number[]>>): Compared {
  const ratios = times.with.map((value, round) => value / (times.without[round] ?? Number.NaN));
  return { with: median(times.with), without: median(times.without), ratio: median(ratios) };
}

async function measureAudit(): Promise<Compared> {
  const postgres = await startRealPostgres();
  const store = openStore({ url: await postgres.createDatabase(), poolSize: 1 });
  try {
    await migrateStore(store);
    await sql`insert into audit_event (event_id, kind, action, outcome, by, patients)
      select gen_random_uuid(), 'delivery', 'R', 0, 'ductus', array[md5((n % 500)::text), '=' || md5((n % 500)::text)]
      from generate_series(1, ${AUDIT_ROWS}) n`.execute(store);
    await sql`vacuum analyze audit_event`.execute(store);
    return await acceptInTurns(store);
  } finally {
    await store.destroy();
    await postgres.stop();
  }
}

async function acceptInTurns(store: Store): Promise<Compared> {
  const sides = { with: store, without: store.withPlugin(withoutAudit) };
  const times: Record<keyof Pair, number[]> = { with: [], without: [] };
  const before = await auditRows(store);
  for (let message = 0; message < 2 * MESSAGES; message += 1) {
    const sequence = (message % MESSAGES_OF_A_FILE) + 1;
    if (sequence === 1) await prepareFile(store, message);
    const side = message % 2 === 0 ? 'with' : 'without';
    const key = keyOf(message - sequence + 1);
    const begin = performance.now();
    await markAccepted(sides[side], key, emr, sequence);
    times[side].push(performance.now() - begin);
  }
  if ((await auditRows(store)) - before !== MESSAGES) throw new Error('one half of the messages is to be in the audit');
  return compared({ with: times.with.slice(WARM_UP), without: times.without.slice(WARM_UP) });
}

function keyOf(file: number) {
  return { organization, notificationId: NotificationIdSchema.parse(`file-${String(file)}`), variant: '' };
}

async function prepareFile(store: Store, file: number): Promise<void> {
  const key = keyOf(file);
  await openNotification(store, {
    ...key,
    workflowId: `data-sharing/hospital/file-${String(file)}`,
    messageType: 'Clinical Data',
    sourceHash: randomUUID(),
    objectKey: undefined,
    createdAt: new Date(0),
    receivedAt: new Date(),
  });
  const messages = Array.from({ length: MESSAGES_OF_A_FILE }, (_, index) => ({
    controlId: MessageControlIdSchema.parse(randomUUID().replaceAll('-', '').slice(0, 20).toUpperCase()),
    blobIndex: index,
    resourceHashes: hashes(`${String(file)}.${String(index)}.`),
    resourceVersions: hashes('v'),
    patients: [`patient-${String(file % 500)}`, `=number-${String(file % 500)}`],
  }));
  await replaceMessages(store, key, emr, { key: randomUUID(), sha256: randomUUID(), bytes: 1 }, messages);
}

async function auditRows(store: Store): Promise<number> {
  const { count } = await store
    .selectFrom('audit_event')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

interface TraceResults {
  readonly idleMs: Compared;
  readonly perSecond: Compared;
  readonly spansRequests: number;
}

async function measureTraces(folder: string): Promise<TraceResults> {
  let requests = 0;
  const collector = createServer((request, response) => {
    requests += 1;
    request.resume().on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const address = collector.address();
  if (address === null || typeof address === 'string') throw new Error('the collector has no port');
  try {
    const endpoint = `http://127.0.0.1:${String(address.port)}/v1/traces`;
    await using traced = await stageOf(join(folder, 'with'), { traces: { endpoint, ratio: 1 } });
    await using plain = await stageOf(join(folder, 'without'), {});
    const loads = { with: new Load(traced, SEED), without: new Load(plain, SEED) };
    const idle: Record<keyof Pair, number[]> = { with: [], without: [] };
    const busy: Record<keyof Pair, number[]> = { with: [], without: [] };
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const side of round % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const)) {
        const load = loads[side];
        const one = await load.oneAfterAnother(await load.prepare(same(IDLE_FILES, IDLE_READINGS)));
        const many = await load.atOnce(await load.prepare(same(SMALL_FILES, SMALL_READINGS)), CONCURRENCY);
        // The first round warms up.
        if (round === 0) continue;
        idle[side].push(one.latency.p50);
        busy[side].push(many.perSecond);
      }
    }
    if (requests === 0) throw new Error('nothing was traced');
    return { idleMs: compared(idle), perSecond: compared(busy), spansRequests: requests };
  } finally {
    collector.close();
  }
}

const same = (count: number, readings: number): number[] => Array.from({ length: count }, () => readings);

function stageOf(folder: string, config: object): Promise<Stage> {
  mkdirSync(folder, { recursive: true });
  const dist = join(__dirname, '..');
  return startStage({
    programs: {
      ductus: join(dist, 'src/cli/main.js'),
      simulators: join(dist, 'simulators/main.js'),
      roche: join(dist, 'bench/roche-process.js'),
    },
    folder,
    workers: 1,
    roche: { seed: SEED, duplicateRate: 0, forgetAcknowledged: true },
    emr: { seed: SEED },
    destination: {},
    config,
  });
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ductus-bench-'));
  try {
    console.error('bench: the audit');
    const audit = await measureAudit();
    console.error('bench: traces');
    const traces = await measureTraces(folder);
    const row = (name: string, { with: one, without, ratio }: Compared): string[] => [
      name,
      ...[one, without, ratio].map((value) => value.toFixed(2)),
    ];
    console.log(
      [
        `${cpus()[0]?.model ?? 'unknown processor'}, ${String(cpus().length)} cores, Node ${process.version}`,
        '',
        alignedRows([
          ['median', 'with', 'without', 'ratio'],
          row(`audit: settle a message of ${String(RESOURCES)} resources, ms`, audit),
          row(`traces: POST to EMR accept, ${String(IDLE_READINGS)} readings, ms`, traces.idleMs),
          row(`traces: files a second, ${String(SMALL_READINGS)} readings`, traces.perSecond),
        ]),
      ].join('\n'),
    );
    console.log(JSON.stringify({ bench: 'operators', audit, traces }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
