/**
 * Data sharing from end to end: notification, token, file, messages, ACK; duplicates; and each point of failure of the
 * matrix in docs/guide/data-sharing.md before the EMR comes into it. Titles name the row.
 */
import { request } from 'undici';
import { bgBundle, correctionBundle } from '../../simulators/roche-dc/sample-data';
import { SECRETS } from '../support/config';
import { EMR_OID, OTHER_OID, openHospital, startWorld, type World } from '../support/ductus';
import {
  acknowledged,
  bundle,
  decidedBy,
  expected,
  parked,
  repair,
  result,
  share,
  status,
  stored,
  WAIT_MS,
} from '../support/hospital-steps';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

describe('the good way', () => {
  it.each(['access-point', 'presigned-url'] as const)(
    'should deliver every reading and acknowledge (%s)',
    async (option) => {
      await using hospital = await openHospital(world);
      const file = bundle(1, 5);
      const { messageId, firstAttempt } = await share(hospital, file, { option });
      expect(firstAttempt.status).toBe(202);
      await acknowledged(hospital);
      expect(await stored(hospital)).toEqual(expected(file));
      expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered' });
      expect(hospital.emr.stats()).toMatchObject({ invalid: 0, repeats: 0 });
    },
  );

  it('should send a large bundle as several messages, under different MSH-10s', async () => {
    await using hospital = await openHospital(world, { destination: { maxObservationsPerMessage: 10 } });
    const file = bundle(2, 45);
    await share(hospital, file);
    await acknowledged(hospital);
    expect(await stored(hospital)).toEqual(expected(file));
    expect(hospital.emr.stats()).toMatchObject({ accepted: 5, controlIds: 5 });
  });

  it('should keep organizations apart', async () => {
    await using hospital = await openHospital(world);
    const [first, second] = [bundle(3), bundle(4)];
    await share(hospital, first);
    await share(hospital, second, { organization: OTHER_OID });
    await acknowledged(hospital, 2);
    expect(await stored(hospital)).toEqual([...expected(first), ...expected(second)].sort());
    expect(hospital.roche.stats().tokens.issued).toBe(2);
  });

  it('should ask for one token for many files', async () => {
    await using hospital = await openHospital(world);
    await Promise.all([5, 6, 7, 8].map((seed) => share(hospital, bundle(seed))));
    await acknowledged(hospital, 4);
    expect(hospital.roche.stats().tokens.issued).toBe(1);
  });
});

describe('duplicates', () => {
  it('should join a duplicate that comes while the first runs, and acknowledge with the newest handle', async () => {
    await using hospital = await openHospital(world, { roche: { duplicateRate: 1 } });
    const file = bundle(10);
    await share(hospital, file);
    await acknowledged(hospital);
    await hospital.roche.waitUntil((stats) => stats.totals.duplicates === 1, WAIT_MS);
    expect(await stored(hospital)).toEqual(expected(file));
    expect(hospital.emr.stats().frames).toBe(1);
  });

  it('should acknowledge a late duplicate again, with its own handle, and deliver nothing', async () => {
    await using hospital = await openHospital(world);
    const { messageId } = await share(hospital, bundle(11));
    await acknowledged(hospital);
    await result(hospital, messageId);
    await hospital.roche.repeat(messageId);
    await hospital.roche.waitUntil((stats) => stats.totals.acks === 2, WAIT_MS);
    expect(await result(hospital, messageId)).toEqual({ outcome: 'already-done' });
    expect(hospital.emr.stats().frames).toBe(1);
    expect(hospital.roche.stats().notifications[0]?.acks.map((ack) => ack.attempt)).toEqual([1, 2]);
  });

  it('should flag the same object under a new id, and only acknowledge it', async () => {
    await using hospital = await openHospital(world);
    const file = bundle(12);
    const first = await share(hospital, file);
    await acknowledged(hospital);
    const second = await share(hospital, file, { objectKey: first.objectKey });
    await acknowledged(hospital, 2);
    expect(await result(hospital, second.messageId)).toEqual({ outcome: 'already-done' });
    expect((await status(hospital, second.messageId)).flags).toEqual([`same-object-as-${first.messageId}`]);
    expect(hospital.emr.stats().frames).toBe(1);
  });

  it('should deliver nothing twice when another file repeats a reading', async () => {
    await using hospital = await openHospital(world);
    const file = bundle(13);
    await share(hospital, file);
    await acknowledged(hospital);
    // The same resources in another file: Roche's delta may overlap.
    await share(hospital, { ...file, id: 'another-file' });
    await acknowledged(hospital, 2);
    expect(hospital.emr.stats().frames).toBe(1);
  });

  it('should set other content under a used id apart, and ask', async () => {
    await using hospital = await openHospital(world);
    const [first, second] = [bundle(14), bundle(15)];
    const { messageId } = await share(hospital, first);
    await acknowledged(hospital);
    await result(hospital, messageId);
    await share(hospital, second, { messageId, objectKey: 'delivery/clinical-data/other.json' });
    const { workflowId } = await until(
      async () => {
        for await (const found of hospital.client.workflow.list({
          query: `WorkflowId STARTS_WITH "${hospital.workflowId(messageId)}~" AND DuctusStage = "parked" AND TaskQueue = "${hospital.config.temporal.taskQueue}"`,
        })) {
          return found;
        }
        return undefined;
      },
      WAIT_MS,
      'a parked conflict',
    );
    expect(await stored(hospital)).toEqual(expected(first));
    await hospital.client.workflow
      .getHandle(workflowId)
      .executeUpdate('repair', { args: [{ action: 'retry', ...decidedBy }] });
    expect(await hospital.client.workflow.getHandle(workflowId).result()).toEqual({ outcome: 'delivered' });
    expect(await stored(hospital)).toEqual([...expected(first), ...expected(second)].sort());
  });

  it('should send a correction as such, and nothing for an older version that comes late', async () => {
    await using hospital = await openHospital(world);
    const file = bundle(16, 4);
    const correction = correctionBundle(file, { seed: 1, corrected: 2, cancelled: 1 });
    await share(hospital, file);
    await acknowledged(hospital);
    await share(hospital, correction);
    await acknowledged(hospital, 2);
    const later = (await stored(hospital)).filter((each) => !each.endsWith(' F'));
    expect(later.map((each) => each.slice(-1)).sort()).toEqual(['C', 'C', 'D']);
    await share(hospital, { ...file, id: 'the-old-one-again' });
    await acknowledged(hospital, 3);
    expect(hospital.emr.stats().frames).toBe(2);
  });
});

describe('token and file', () => {
  it('should go on after failures that pass: token 500, S3 503, a broken and a cut body, an expired token', async () => {
    await using hospital = await openHospital(world);
    for (const fault of ['token-500', 's3-503', 's3-reset', 's3-truncated', 's3-expired-token'] as const) {
      hospital.roche.faults.order(fault);
    }
    const file = bundle(20);
    await share(hospital, file);
    await acknowledged(hospital);
    expect(await stored(hospital)).toEqual(expected(file));
    expect(hospital.roche.stats().faults).toMatchObject({
      'token-500': 1,
      's3-503': 1,
      's3-reset': 1,
      's3-truncated': 1,
      's3-expired-token': 1,
    });
  });

  it('should park when Roche refuses the client, and go on with the next notification', async () => {
    await using hospital = await openHospital(world);
    hospital.roche.faults.order('token-401');
    const file = bundle(21);
    const { messageId } = await share(hospital, file);
    expect(await parked(hospital, messageId)).toMatchObject({
      errorCode: 'DUCTUS_ROCHE_UNAUTHORIZED',
      failedStep: 'retrieve',
    });
    await hospital.roche.repeat(messageId);
    await acknowledged(hospital);
    expect(await stored(hospital)).toEqual(expected(file));
  });

  it('should park an expired URL, and go on with the URL of the next notification', async () => {
    await using hospital = await openHospital(world);
    hospital.roche.faults.order('s3-expired-url');
    const file = bundle(22);
    const { messageId } = await share(hospital, file, { option: 'presigned-url' });
    expect(await parked(hospital, messageId)).toMatchObject({ errorCode: 'DUCTUS_URL_EXPIRED' });
    await hospital.roche.repeat(messageId);
    await acknowledged(hospital);
    expect(await stored(hospital)).toEqual(expected(file));
  });

  it('should refuse a URL on a host that is not on the list, without calling it', async () => {
    await using hospital = await openHospital(world, {
      organization: { retrieval: { allowedHosts: ['*.amazonaws.com'] } },
    });
    const { messageId } = await share(hospital, bundle(23), { option: 'presigned-url' });
    expect(await parked(hospital, messageId)).toMatchObject({ errorCode: 'DUCTUS_URL_REFUSED' });
    expect(hospital.roche.stats().s3).toEqual({});
  });

  it('should park a file that is too large, before it reads it', async () => {
    await using hospital = await openHospital(world, { maxFileBytes: 2000 });
    const { messageId } = await share(hospital, 'x'.repeat(2001));
    expect(await parked(hospital, messageId)).toMatchObject({
      errorCode: 'DUCTUS_FILE_TOO_LARGE',
      failedStep: 'retrieve',
    });
  });

  it('should park when the file is not there, and fetch it on retry', async () => {
    await using hospital = await openHospital(world);
    const messageId = 'a-notification-without-a-file';
    const response = await request(`${hospital.url}/roche/notifications`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`roche-client:${SECRETS['PASSWORD'] ?? ''}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        EmrOid: EMR_OID,
        MessageId: messageId,
        MessageType: 'Clinical Data',
        MessageCreatedAt: '1603434071811',
        MessageReference: { accesspoint: hospital.roche.accessPointArn(EMR_OID), objectKey: 'delivery/late.json' },
        MessageReceiptHandle: 'not-a-handle-of-roche',
      }),
    });
    expect(response.statusCode).toBe(202);
    expect(await parked(hospital, messageId)).toMatchObject({
      errorCode: 'DUCTUS_S3_NOT_FOUND',
      failedStep: 'retrieve',
    });
    const file = bundle(26);
    hospital.roche.putObject('delivery/late.json', Buffer.from(JSON.stringify(file)));
    await repair(hospital, messageId, { action: 'retry', ...decidedBy });
    expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered-ack-impossible' });
    expect(await stored(hospital)).toEqual(expected(file));
  });

  it('should park a file that is no bundle; discard acknowledges it and delivers nothing', async () => {
    await using hospital = await openHospital(world);
    const { messageId } = await share(hospital, {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ resource: 7 }],
    });
    const before = await parked(hospital, messageId);
    expect(before).toMatchObject({ errorCode: 'DUCTUS_BUNDLE_INVALID' });
    expect(before.errorMessage).toMatch(/entry/);
    await repair(hospital, messageId, { action: 'discard', ...decidedBy });
    await acknowledged(hospital);
    expect(await result(hospital, messageId)).toEqual({ outcome: 'discarded' });
    expect(hospital.emr.stats().frames).toBe(0);
    await hospital.roche.repeat(messageId);
    await hospital.roche.waitUntil((stats) => stats.totals.acks === 2, WAIT_MS);
    expect(hospital.emr.stats().frames).toBe(0);
  });

  it('should park resources without a mapping where the destination says so; skip delivers the rest', async () => {
    await using hospital = await openHospital(world, { destination: { unmapped: 'park' } });
    const file = withCarePlans(bgBundle({ patient: 24, count: 3, seed: 24 }), 1);
    const { messageId } = await share(hospital, file);
    expect(await parked(hospital, messageId)).toMatchObject({
      errorCode: 'DUCTUS_BUNDLE_UNMAPPED',
      failedStep: 'transform',
    });
    await repair(hospital, messageId, {
      action: 'skip',
      resources: ['CarePlan/plan-0'],
      ...decidedBy,
    });
    await acknowledged(hospital);
    expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered-in-part' });
    expect(await stored(hospital)).toEqual(expected(file));
  });

  it('should count resources without a mapping where the destination reports them', async () => {
    await using hospital = await openHospital(world);
    await share(hospital, withCarePlans(bgBundle({ patient: 25, count: 2, seed: 25 }), 2));
    await acknowledged(hospital);
    const metrics = await (await request(`${hospital.url}/metrics`)).body.text();
    expect(metrics).toContain('ductus_unmapped_resources_total{type="CarePlan"} 2');
  });

  it('should count a file once that is transformed again after a repair', async () => {
    await using hospital = await openHospital(world);
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
    const { messageId } = await share(hospital, withCarePlans(bgBundle({ patient: 26, count: 2, seed: 26 }), 1));
    await parked(hospital, messageId);
    await repair(hospital, messageId, { action: 'retry', from: 'transform', ...decidedBy });
    await acknowledged(hospital);
    const metrics = await (await request(`${hospital.url}/metrics`)).body.text();
    expect(metrics).toContain('ductus_unmapped_resources_total{type="CarePlan"} 1');
    expect(metrics).toContain(`ductus_items_total{destination="${hospital.destination}",kind="glucose"} 2`);
  });
});

describe('the ACK to Roche', () => {
  it('should go again when its answer is lost or an error comes', async () => {
    await using hospital = await openHospital(world);
    hospital.roche.faults.order('ack-500');
    hospital.roche.faults.order('ack-lost');
    const { messageId } = await share(hospital, bundle(30));
    await acknowledged(hospital);
    expect(['delivered', 'delivered-ack-impossible']).toContain((await result(hospital, messageId)).outcome);
    expect(hospital.emr.stats().frames).toBe(1);
  });

  it('should end visibly when the handle has expired, and acknowledge when Roche notifies again', async () => {
    await using hospital = await openHospital(world, { roche: { receiptHandleLifetimeMs: 1 } });
    const { messageId } = await share(hospital, bundle(31));
    expect(await result(hospital, messageId)).toEqual({ outcome: 'delivered-ack-impossible' });
    const work = await request(`${hospital.url}/operations/work/${hospital.workflowId(messageId)}`, {
      headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}` },
    });
    expect(await work.body.json()).toMatchObject({ outcome: 'delivered-ack-impossible', flags: ['ack-impossible'] });
  });
});

/** Adds resources that no transform has a mapping for. */
function withCarePlans(bundle: fhir.Bundle, count: number): fhir.Bundle {
  const subject = bundle.entry?.find(({ resource }) => resource?.resourceType === 'Patient')?.resource?.id ?? '';
  const plans = Array.from({ length: count }, (_, index): fhir.CarePlan => ({
    resourceType: 'CarePlan',
    id: `plan-${String(index)}`,
    status: 'active',
    intent: 'plan',
    subject: { reference: `Patient/${subject}` },
  }));
  return { ...bundle, entry: [...(bundle.entry ?? []), ...plans.map((resource) => ({ resource }))] };
}
