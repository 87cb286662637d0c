import { DestinationIdSchema } from '../../../src/domain/identifiers';
import { createMetrics } from '../../../src/runtime/telemetry/metrics';

import type { DestinationStanding, Standing } from '../../../src/domain/standing';
import { testConfig } from '../../support/config';

const EMR = DestinationIdSchema.parse('emr');

function standing(destination: Partial<DestinationStanding>): Standing {
  const usual: DestinationStanding = {
    destination: EMR,
    state: 'open',
    stateSeconds: undefined,
    queued: 0,
    oldestQueuedSeconds: undefined,
    ambiguous: 0,
  };
  return { open: [], parked: [], traffic: [], alerts: {}, destinations: [{ ...usual, ...destination }] };
}

describe('createMetrics', () => {
  it('should count by result, code and destination', async () => {
    const metrics = createMetrics();
    metrics.notification('accepted');
    metrics.notification('accepted');
    metrics.notification('DUCTUS_UNAUTHENTICATED');
    metrics.message(EMR, 'accepted');
    metrics.message(EMR, 'DUCTUS_EMR_REJECTED');
    metrics.possibleRepeat(EMR);
    metrics.parked('DUCTUS_EMR_REJECTED');
    metrics.refused('withdrawn');
    metrics.alert('DUCTUS_DEADLINE');
    const text = await metrics.registry.metrics();
    expect(text).toContain('ductus_notifications_total{result="accepted"} 2');
    expect(text).toContain('ductus_notifications_total{result="DUCTUS_UNAUTHENTICATED"} 1');
    expect(text).toContain('ductus_messages_total{destination="emr",result="accepted"} 1');
    expect(text).toContain('ductus_messages_total{destination="emr",result="DUCTUS_EMR_REJECTED"} 1');
    expect(text).toContain('ductus_possible_repeats_total{destination="emr"} 1');
    expect(text).toContain('ductus_parked_total{code="DUCTUS_EMR_REJECTED"} 1');
    expect(text).toContain('ductus_refused_total{reason="withdrawn"} 1');
    expect(text).toContain('ductus_alerts_total{code="DUCTUS_DEADLINE"} 1');
  });

  it('should tell deliveries within five seconds from later ones', async () => {
    const metrics = createMetrics();
    metrics.delivered(EMR, 4.9);
    metrics.delivered(EMR, 5.1);
    const text = await metrics.registry.metrics();
    expect(text).toContain('ductus_deliveries_seconds_bucket{le="5",destination="emr"} 1');
    expect(text).toContain('ductus_deliveries_seconds_count{destination="emr"} 2');
  });

  it('should show exactly one state of a destination as 1', async () => {
    const metrics = createMetrics();
    metrics.standing(standing({ state: 'draining' }));
    const text = await metrics.registry.metrics();
    const states = [...text.matchAll(/ductus_destination_state\{destination="emr",state="(\w+)"\} (\d)/g)];
    expect(Object.fromEntries(states.map(([, state, value]) => [state, value]))).toEqual({
      open: '0',
      paused: '0',
      held: '0',
      draining: '1',
    });
  });

  it('should be silent about what could not be read, and say so', async () => {
    const metrics = createMetrics();
    metrics.standing(standing({ queued: 3, oldestQueuedSeconds: 60 }));
    expect(await metrics.registry.metrics()).toContain('ductus_destination_queue_length{destination="emr"} 3');
    metrics.standing(undefined);
    const text = await metrics.registry.metrics();
    expect(text).toContain('ductus_standing_up 0');
    expect(text).not.toMatch(/^ductus_(destination|open|oldest|parked_work|ambiguous|last|alerts_raised)\w*\{/m);
  });

  it('should not show an age where nothing waits', async () => {
    const metrics = createMetrics();
    metrics.standing(standing({ queued: 1, oldestQueuedSeconds: 5 }));
    metrics.standing(standing({ queued: 0 }));
    const text = await metrics.registry.metrics();
    expect(text).toContain('ductus_destination_queue_length{destination="emr"} 0');
    expect(text).not.toContain('ductus_destination_queue_age_seconds{');
  });

  it('should say when certificates end, and what runs', async () => {
    const metrics = createMetrics();
    metrics.process.describe({
      version: '1.2.3',
      roles: ['worker'],
      config: testConfig({ organizations: {}, destinations: {} }),
      certificates: [
        { name: 'api.tls.cert', kind: 'certificate', notAfter: new Date('2030-01-01T00:00:00Z') },
        { name: 'api.tls.clientCa', kind: 'authority', notAfter: undefined },
      ],
    });
    metrics.process.reachable(['temporal']);
    const text = await metrics.registry.metrics();
    expect(text).toContain(
      'ductus_certificate_not_after_timestamp_seconds{certificate="api.tls.cert",kind="certificate"} 1893456000',
    );
    expect(text).toContain('{certificate="api.tls.clientCa",kind="authority"} 0');
    expect(text).toContain('ductus_build_info{version="1.2.3"');
    expect(text).toContain('ductus_role{role="worker"} 1');
    expect(text).toContain('ductus_dependency_up{dependency="temporal"} 0');
    expect(text).toContain('ductus_dependency_up{dependency="postgresql"} 1');
  });

  it('should not let a file invent series: an unknown resource type counts as other', async () => {
    const metrics = createMetrics();
    metrics.unmapped('CarePlan', 2);
    metrics.unmapped('Jane Roe', 1);
    metrics.unmapped('Invented', 3);
    const text = await metrics.registry.metrics();
    expect(text).toContain('ductus_unmapped_resources_total{type="CarePlan"} 2');
    expect(text).toContain('ductus_unmapped_resources_total{type="other"} 4');
    expect(text).not.toContain('Jane');
  });

  it('should count elements together, and items by kind and destination', async () => {
    const metrics = createMetrics();
    metrics.unread(3);
    metrics.items(EMR, { glucose: 2, report: 1, carbs: 0 });
    const text = await metrics.registry.metrics();
    expect(text).toContain('ductus_unmapped_resources_total{type="element"} 3');
    expect(text).toContain('ductus_items_total{destination="emr",kind="glucose"} 2');
    expect(text).toContain('ductus_items_total{destination="emr",kind="report"} 1');
    expect(text).not.toContain('kind="carbs"');
  });

  it('should keep two registries apart', async () => {
    const [first, second] = [createMetrics(), createMetrics()];
    first.notification('accepted');
    expect(await second.registry.metrics()).not.toContain('ductus_notifications_total{');
  });
});
