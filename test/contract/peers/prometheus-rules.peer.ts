/** The alert rules, judged by Prometheus's own tool: that they are rules, and that they say what their tests want. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const ROOT = path.resolve(__dirname, '../../..');
const PROMTOOL = path.join(ROOT, '.ductus/peers/promtool/promtool');
const RULES = path.join(ROOT, 'ops/prometheus/ductus.rules.yml');
const TESTS = path.join(ROOT, 'ops/prometheus/tests');

const RulesSchema = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string().optional() })) })),
});
const TestsSchema = z.object({
  tests: z.array(
    z.object({
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
});

function promtool(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(PROMTOOL, args, { encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

describe('ops/prometheus', () => {
  const files = readdirSync(TESTS).map((name) => path.join(TESTS, name));

  it('should have promtool to judge it (`node scripts/install-promtool.mjs`)', () => {
    expect(existsSync(PROMTOOL)).toBe(true);
  });

  it('should hold rules that Prometheus takes', () => {
    expect(promtool('check', 'rules', '--lint=all', '--lint-fatal', RULES)).toMatchObject({ status: 0 });
  });

  it('should raise what the tests of the rules want, and nothing else', () => {
    const judged = promtool('test', 'rules', ...files);
    expect(judged.output).not.toContain('FAILED');
    expect(judged.status).toBe(0);
  });

  it('should have a test that raises it for each alert', () => {
    const alerts = RulesSchema.parse(parse(readFileSync(RULES, 'utf8'))).groups.flatMap(({ rules }) =>
      rules.flatMap(({ alert }) => (alert === undefined ? [] : [alert])),
    );
    const raised = files.flatMap((file) =>
      TestsSchema.parse(parse(readFileSync(file, 'utf8'))).tests.flatMap((test) =>
        test.alert_rule_test.filter((one) => one.exp_alerts.length > 0).map((one) => one.alertname),
      ),
    );
    expect([...new Set(raised)].sort()).toEqual([...alerts].sort());
  });
});
