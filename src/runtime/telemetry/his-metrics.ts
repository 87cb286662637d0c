/**
 * Metrics of the doors of the HIS. Labels are names of the configuration and closed lists: no sender can grow the number
 * of series.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { OrganizationId } from '../../domain/identifiers';
import type { AcknowledgmentCode } from '../../protocols/hl7-v2/acknowledgment';

/** `none`: the sender wants no answer, or sent an acknowledgment. */
export type HisAnswer = AcknowledgmentCode | 'none';

/** How a connection to a listener began or ended. */
export type HisConnectionEvent =
  | 'opened'
  /** The sender closed it between two messages. */
  | 'closed'
  /** It broke, or the sender left in the middle of a message. */
  | 'broken'
  /** From an address that may not connect. */
  | 'address-refused'
  | 'too-many'
  | 'tls-failed'
  /** A message began and did not end in time, or an answer was not taken. */
  | 'stalled'
  | 'too-large'
  | 'outside-frame';

/** A door: a listener or an HTTP door of an organization. */
export interface HisDoorLabels {
  readonly organization: OrganizationId;
  readonly source: string;
}

export interface HisMetrics {
  /** A message was answered. @param seconds from its last byte until the answer was ready */
  answered(door: HisDoorLabels, answer: HisAnswer, seconds: number): void;
  connection(door: HisDoorLabels, event: HisConnectionEvent): void;
  /** Connections that are open now. */
  open(door: HisDoorLabels, count: number): void;
  /** Bytes outside of MLLP frames. */
  dropped(door: HisDoorLabels, bytes: number): void;
}

/** Seconds. The HIS waits 30 by custom (SPECS §6.4); 5 is the whole wait for Temporal (`LIMITS.signalWithStartMs`). */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10];

/** Creates them in a registry. */
export function createHisMetrics(registry: Registry): HisMetrics {
  const registers = [registry];
  const answers = new Histogram({
    name: 'ductus_his_messages_seconds',
    help: 'Messages of the HIS, from the last byte until the answer was ready, by code of the answer.',
    labelNames: ['organization', 'source', 'answer'],
    buckets: BUCKETS,
    registers,
  });
  const connections = new Counter({
    name: 'ductus_his_connections_total',
    help: 'Connections to MLLP listeners, by what happened to them.',
    labelNames: ['organization', 'source', 'event'],
    registers,
  });
  const open = new Gauge({
    name: 'ductus_his_connections',
    help: 'Connections to MLLP listeners that are open.',
    labelNames: ['organization', 'source'],
    registers,
  });
  const dropped = new Counter({
    name: 'ductus_his_dropped_bytes_total',
    help: 'Bytes that came outside of MLLP frames.',
    labelNames: ['organization', 'source'],
    registers,
  });
  return {
    answered: (door, answer, seconds) => answers.observe({ ...labels(door), answer }, seconds),
    connection: (door, event) => connections.inc({ ...labels(door), event }),
    open: (door, count) => open.set(labels(door), count),
    dropped: (door, bytes) => dropped.inc(labels(door), bytes),
  };
}

/** Nothing else that the door may have. */
function labels({ organization, source }: HisDoorLabels): HisDoorLabels {
  return { organization, source };
}
