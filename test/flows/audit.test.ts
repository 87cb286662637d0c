/** The audit where work is done: seals by the housekeeping, orders to destinations, and deliveries that are tried again. */
import { createAuditLog } from '../../src/runtime/audit';
import { createOperations } from '../../src/runtime/operations';
import { openStore } from '../../src/store/database';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { acknowledged, bundle, parked, repair, result, share, WAIT_MS } from '../support/hospital-steps';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

async function withAudit<T>(
  hospital: Hospital,
  run: (audit: ReturnType<typeof createAuditLog>, operations: ReturnType<typeof createOperations>) => Promise<T>,
): Promise<T> {
  const store = openStore({ url: hospital.storeUrl, poolSize: 2 });
  try {
    return await run(createAuditLog(hospital.config, store), createOperations(hospital.config, store, hospital.client));
  } finally {
    await store.destroy();
  }
}

const auditor = { by: 'auditor' };

it('should be sealed by the housekeeping, and the log have the seal', async () => {
  await using hospital = await openHospital(world);
  await share(hospital, bundle(1));
  await acknowledged(hospital);
  const keep = () =>
    hospital.client.workflow.execute('housekeeping', {
      taskQueue: hospital.config.temporal.taskQueue,
      workflowId: `housekeeping-${hospital.organizationId}`,
    });
  await keep();
  await keep();
  await withAudit(hospital, async (audit) => {
    // What the verification writes itself is not sealed yet.
    const verified = await audit.verify(auditor);
    expect(verified).toMatchObject({ seals: 1, unsealed: 1, problems: [] });
    const [, seal = 'none'] = verified.head?.split(' ') ?? [];
    expect(hospital.logLines.filter((line) => line.includes('audit sealed') && line.includes(seal))).toHaveLength(1);
  });
});

it('should have who held and resumed a destination, also one that paused by itself', async () => {
  await using hospital = await openHospital(world, {
    destination: { pause: { afterFailures: 1, firstWaitMs: 60_000, longestWaitMs: 60_000 } },
  });
  await withAudit(hospital, async (audit, operations) => {
    const { destination } = hospital;
    const orders = async (): Promise<unknown[]> => {
      const found = await audit.list({ kind: 'destination-order' }, auditor);
      return found.map(({ by, details, destination: which }) => [which, by, details]);
    };
    const state = async (wanted: string): Promise<void> => {
      await until(
        async () =>
          (await operations.destinations()).some((each) => each.destination === destination && each.state === wanted),
        WAIT_MS,
        wanted,
      );
    };
    await operations.hold(destination, { by: 'anna', reason: 'upgrade' });
    await state('held');
    await operations.resume(destination, { by: 'berta', reason: 'done' });
    await state('open');
    const first = [
      [destination, 'anna', { order: 'hold', reason: 'upgrade' }],
      [destination, 'berta', { order: 'resume', reason: 'done' }],
    ];
    expect(await orders()).toEqual(first);

    await hospital.emr.stop();
    await share(hospital, bundle(2));
    // It counts its wait: an order before that would be about a destination that is not paused yet.
    await until(
      async () =>
        (await operations.destinations()).some(
          (each) => each.destination === destination && each.nextAttemptAt !== null,
        ),
      WAIT_MS,
      'a wait',
    );
    await hospital.openEmrAgain();
    // The wait is a minute: without the order nothing would happen.
    await operations.resume(destination, { by: 'carla', reason: 'the EMR is back' });
    await acknowledged(hospital);
    expect(await orders()).toEqual([...first, [destination, 'carla', { order: 'resume', reason: 'the EMR is back' }]]);
  });
});

it('should have every attempt of a message, and the decision between them, about the same patient', async () => {
  await using hospital = await openHospital(world);
  hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
  const { messageId } = await share(hospital, bundle(3));
  await parked(hospital, messageId);
  await repair(hospital, messageId, { action: 'retry', by: 'anna', reason: 'a test' });
  await result(hospital, messageId);
  await withAudit(hospital, async (audit) => {
    const all = await audit.list({ organization: hospital.organizationId }, auditor);
    const found = all.filter(({ kind }) => kind !== 'audit-read');
    expect(found.map(({ kind, outcome, by, work }) => [kind, outcome, by, work])).toEqual([
      ['delivery', 8, 'ductus', hospital.workflowId(messageId)],
      ['repair', 0, 'anna', hospital.workflowId(messageId)],
      ['delivery', 0, 'ductus', hospital.workflowId(messageId)],
    ]);
    const [first, ...more] = found.map(({ patients }) => patients);
    expect(first).toHaveLength(2);
    for (const patients of more) expect(patients).toEqual(first);
  });
});
