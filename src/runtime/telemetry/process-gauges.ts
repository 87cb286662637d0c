/** Gauges of the process itself: what runs here, what it can reach, and the limits and dates of its configuration. */
import { Gauge, type Registry } from 'prom-client';
import type { ConfiguredCertificate } from '../certificates';
import type { Config } from '../config/schema';

export const DEPENDENCIES = ['temporal', 'postgresql'] as const;
export type Dependency = (typeof DEPENDENCIES)[number];

export interface ProcessFacts {
  readonly version: string;
  readonly roles: readonly ('api' | 'worker' | 'codec')[];
  readonly config: Config;
  readonly certificates: readonly ConfiguredCertificate[];
}

export interface ProcessGauges {
  /** Once at the start: what does not change while the process runs. */
  describe(facts: ProcessFacts): void;
  /** What could not be reached a moment ago. */
  reachable(missing: readonly string[]): void;
}

/** Registers the gauges. */
export function createProcessGauges(registry: Registry): ProcessGauges {
  const registers = [registry];
  const build = new Gauge({
    name: 'ductus_build_info',
    help: 'Always 1; the labels say which Ductus and which Node run.',
    labelNames: ['version', 'node'],
    registers,
  });
  const roles = new Gauge({
    name: 'ductus_role',
    help: '1 for each role that runs in this process.',
    labelNames: ['role'],
    registers,
  });
  const dependencies = new Gauge({
    name: 'ductus_dependency_up',
    help: '1 when the server could be reached at the time of the scrape, 0 when not.',
    labelNames: ['dependency'],
    registers,
  });
  const certificates = new Gauge({
    name: 'ductus_certificate_not_after_timestamp_seconds',
    help: 'When a certificate of the configuration ends, Unix time; 0 when it cannot be read. The label is its key.',
    labelNames: ['certificate', 'kind'],
    registers,
  });
  const deadline = new Gauge({
    name: 'ductus_acknowledge_deadline_seconds',
    help: '`dataSharing.acknowledgeDeadlineMs`: a notification should be acknowledged by then.',
    registers,
  });
  return {
    describe: ({ version, roles: running, config, certificates: configured }) => {
      build.set({ version, node: process.versions.node }, 1);
      for (const role of running) roles.set({ role }, 1);
      deadline.set(config.dataSharing.acknowledgeDeadlineMs / 1000);
      for (const { name, kind, notAfter } of configured) {
        certificates.set({ certificate: name, kind }, (notAfter?.getTime() ?? 0) / 1000);
      }
    },
    reachable: (missing) => {
      for (const dependency of DEPENDENCIES) dependencies.set({ dependency }, missing.includes(dependency) ? 0 : 1);
    },
  };
}
