/** The files for Prometheus and Grafana name metrics that exist: a renamed metric would silence its alert. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { createMetrics } from '../../src/runtime/telemetry/metrics';

const ROOT = path.resolve(__dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

const RulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string().optional(),
          record: z.string().optional(),
          expr: z.string(),
          labels: z.record(z.string(), z.string()).optional(),
          annotations: z.object({ summary: z.string(), action: z.string() }).optional(),
        }),
      ),
    }),
  ),
});
const DashboardSchema = z.object({
  uid: z.literal('ductus'),
  schemaVersion: z.number().min(38),
  panels: z.array(
    z.object({
      id: z.number(),
      type: z.string(),
      title: z.string().min(1),
      gridPos: z.object({ h: z.number(), w: z.number(), x: z.number(), y: z.number() }),
      targets: z.array(z.object({ refId: z.string(), expr: z.string() })).optional(),
    }),
  ),
});

const rules = RulesSchema.parse(parse(read('ops/prometheus/ductus.rules.yml'))).groups.flatMap((group) => group.rules);
const dashboard = DashboardSchema.parse(JSON.parse(read('ops/grafana/ductus.json')));
const queries = dashboard.panels.flatMap((panel) => panel.targets ?? []).map((target) => target.expr);

/** Names as they come out of a scrape: a histogram has three. */
function exposed(): ReadonlySet<string> {
  const { registry } = createMetrics();
  return new Set(
    registry
      .getMetricsAsArray()
      .flatMap(({ name, type }) =>
        String(type) === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
      ),
  );
}

/** Not those of Temporal's SDK: test/flows/metrics.test.ts looks for them in a real scrape. */
function ownNames(expression: string): readonly string[] {
  return expression.match(/\b(?:ductus|process|nodejs)_\w+/g) ?? [];
}

describe('ops/prometheus/ductus.rules.yml', () => {
  it('should ask for metrics of the registry only', () => {
    const names = exposed();
    const unknown = rules.flatMap(({ expr }) => ownNames(expr)).filter((name) => !names.has(name));
    expect(unknown).toEqual([]);
  });

  it('should say for each alert how bad it is, what happened, and what to do', () => {
    const alerts = rules.filter(({ alert }) => alert !== undefined);
    expect(alerts.length).toBeGreaterThan(15);
    for (const { labels, annotations } of alerts) {
      expect(['page', 'ticket']).toContain(labels?.['severity']);
      expect(annotations?.action).toMatch(/\w/);
    }
  });
});

describe('ops/grafana/ductus.json', () => {
  it('should ask for metrics of the registry and series of the rules only', () => {
    const names = exposed();
    expect(queries.length).toBeGreaterThan(30);
    expect(queries.flatMap(ownNames).filter((name) => !names.has(name))).toEqual([]);
    const recorded = new Set(rules.map(({ record }) => record));
    const series = queries.flatMap((query) => query.match(/\bductus:[\w:]+/g) ?? []);
    expect(series.filter((name) => !recorded.has(name))).toEqual([]);
  });

  it('should show every metric of Ductus', () => {
    const shown = new Set(queries.flatMap(ownNames).map((name) => name.replace(/_(bucket|count|sum)$/, '')));
    const own = createMetrics()
      .registry.getMetricsAsArray()
      .map(({ name }) => name)
      .filter((name) => name.startsWith('ductus_'));
    expect(own.filter((name) => !shown.has(name))).toEqual([]);
  });

  it('should have panels that lie beside each other, each with an id of its own', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const taken = new Set<string>();
    for (const { gridPos, title } of dashboard.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          const cell = `${String(x)}/${String(y)}`;
          expect({ title, cell, taken: taken.has(cell) }).toEqual({ title, cell, taken: false });
          taken.add(cell);
        }
      }
    }
  });
});
