import { DestinationIdSchema } from '../../../src/domain/identifiers';
import { createMetrics } from '../../../src/runtime/telemetry/metrics';

const EMR = DestinationIdSchema.parse('emr');

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
    metrics.alert('DUCTUS_DEADLINE');
    const text = await metrics.registry.metrics();
    expect(text).toContain('ductus_notifications_total{result="accepted"} 2');
    expect(text).toContain('ductus_notifications_total{result="DUCTUS_UNAUTHENTICATED"} 1');
    expect(text).toContain('ductus_messages_total{destination="emr",result="accepted"} 1');
    expect(text).toContain('ductus_messages_total{destination="emr",result="DUCTUS_EMR_REJECTED"} 1');
    expect(text).toContain('ductus_possible_repeats_total{destination="emr"} 1');
    expect(text).toContain('ductus_parked_total{code="DUCTUS_EMR_REJECTED"} 1');
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
    metrics.destinationState(EMR, 'paused');
    metrics.destinationState(EMR, 'draining');
    const text = await metrics.registry.metrics();
    const states = [...text.matchAll(/ductus_destination_state\{destination="emr",state="(\w+)"\} (\d)/g)];
    expect(Object.fromEntries(states.map(([, state, value]) => [state, value]))).toEqual({
      open: '0',
      paused: '0',
      held: '0',
      draining: '1',
    });
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
