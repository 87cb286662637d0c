/** `docs/operations/metrics.md`: every metric of the registry, and every alert rule with what to do. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { createMetrics } from '../src/runtime/telemetry/metrics';

const RulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string().optional(),
          for: z.string().optional(),
          labels: z.object({ severity: z.string() }).optional(),
          annotations: z.object({ summary: z.string(), action: z.string() }).optional(),
        }),
      ),
    }),
  ),
});

function labelsOf(metric: object): string {
  const names: unknown = 'labelNames' in metric ? metric.labelNames : [];
  return Array.isArray(names) ? names.map((name) => `\`${String(name)}\``).join(', ') : '';
}

/** Text of a template as a person reads it: `{{ $labels.destination }}` is the destination. */
function plain(text: string): string {
  return text.replace(/\{\{ \$labels\.(\w+) \}\}/g, '‹$1›').replace(/\{\{ \$value[^}]*\}\}/g, '‹value›');
}

/** The page. */
export function metricsPage(): string {
  const metrics = createMetrics()
    .registry.getMetricsAsArray()
    .filter(({ name }) => name.startsWith('ductus_'));
  const alerts = RulesSchema.parse(
    parse(readFileSync(resolve('ops/prometheus/ductus.rules.yml'), 'utf8')),
  ).groups.flatMap(({ rules }) => rules.filter(({ alert }) => alert !== undefined));
  return [
    '# Metrics and alert rules',
    '',
    '<!-- Generated from src/runtime/telemetry and ops/prometheus/ductus.rules.yml by `npm run docs`. Do not edit. -->',
    '',
    'How to get them: [metrics and alerts](README.md#metrics-and-alerts). Beside these, each process has those of Node',
    "(`process_…`, `nodejs_…`), and a worker those of Temporal's SDK (`temporal_…`:",
    '[reference](https://docs.temporal.io/references/sdk-metrics)).',
    '',
    'Labels are names of the configuration, codes of [errors](../errors.md), and closed lists: nothing that comes from a file or',
    'a sender. Metrics of the store are silent when it could not be read; `ductus_standing_up` is 0 then.',
    '',
    '| metric | type | labels | what it says |',
    '| --- | --- | --- | --- |',
    ...metrics.map(
      (metric) =>
        `| \`${metric.name}\` | ${String(metric.type)} | ${labelsOf(metric)} | ${metric.help.replaceAll('|', '\\|')} |`,
    ),
    '',
    '## Alert rules',
    '',
    '`page`: somebody must act now. `ticket`: in working hours.',
    '',
    '| alert | severity | holds for | what happened | what to do |',
    '| --- | --- | --- | --- | --- |',
    ...alerts.map(
      ({ alert, labels, for: holds, annotations }) =>
        `| \`${alert ?? ''}\` | ${labels?.severity ?? ''} | ${holds ?? 'at once'} | ${plain(annotations?.summary ?? '')} | ${plain(annotations?.action ?? '')} |`,
    ),
    '',
  ].join('\n');
}
