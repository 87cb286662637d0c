/** The scoreboard as lines for a person. */
import type { Style } from './display';
import type { PatientCounts } from './patient-counts';
import type { FlowCounts } from './scoreboard';
import type { SampleKind } from './shared-items';

export interface Column {
  readonly title: string;
  readonly counts: FlowCounts;
  readonly patients: PatientCounts;
}

type Paint = (style: Style, text: string) => string;

const LABEL = 26;
const CELL = 12;

type Times = Pick<FlowCounts, 'p50Ms' | 'p95Ms'>;

interface Row {
  readonly label: string;
  readonly of: (counts: FlowCounts, patients: PatientCounts) => number;
  /** Shown in this style when it is not 0. */
  readonly alarm?: Style;
}

const KIND_LABELS: readonly (readonly [kind: SampleKind, label: string])[] = [
  ['glucose', 'glucose in the EMR'],
  ['carbs', 'carbohydrates'],
  ['insulin', 'insulin doses'],
  ['device', 'devices'],
  ['report', 'reports'],
];

const ROWS: readonly Row[] = [
  { label: 'notified by Roche', of: (counts) => counts.notified },
  { label: 'sent twice by Roche', of: (counts) => counts.duplicates },
  { label: 'delivered to the EMR', of: (counts) => counts.delivered },
  { label: 'acknowledged to Roche', of: (counts) => counts.acked },
  { label: 'under way', of: (counts) => counts.open - counts.refused },
  { label: 'refused, parked', of: (counts) => counts.refused, alarm: 'bad' },
  ...KIND_LABELS.map(([kind, label]) => ({ label, of: (counts: FlowCounts) => counts.received.byKind[kind] })),
  { label: 'corrections, deletions', of: ({ received }) => received.corrections + received.deletions },
  { label: 'there twice', of: (counts) => counts.twice, alarm: 'bad' },
  { label: 'messages of the HIS', of: (_, patients) => patients.received },
  { label: 'patients created at Roche', of: (_, patients) => patients.created },
  { label: 'patients updated', of: (_, patients) => patients.updated },
  { label: 'patients merged', of: (_, patients) => patients.merged },
  { label: 'patients under way', of: (_, patients) => patients.missing.length },
  { label: 'refused by Roche', of: (_, patients) => patients.parked },
];

/**
 * A table with a column for each organization and one for all.
 * @param columns the last one is the total: its times stand below
 */
export function scoreTable(columns: readonly Column[], paint: Paint = (_style, text) => text): string[] {
  const total = columns.at(-1);
  const head = ''.padEnd(LABEL) + columns.map(({ title }) => title.padStart(CELL)).join('');
  const rows = ROWS.map(({ label, of, alarm }) => {
    const cells = columns.map(({ counts, patients }) => {
      const count = of(counts, patients);
      const text = groups(count).padStart(CELL);
      return alarm !== undefined && count > 0 ? paint(alarm, text) : text;
    });
    return label.padEnd(LABEL) + cells.join('');
  });
  const times = (label: string, of: Times | undefined): string =>
    `${label.padEnd(LABEL)}p50 ${duration(of?.p50Ms)}, p95 ${duration(of?.p95Ms)}`;
  return [
    paint('bold', head),
    ...rows,
    times('notification to EMR', total?.counts),
    times('HIS to Roche', total?.patients),
  ];
}

/** One line for where no table can be painted. */
export function scoreLine(counts: FlowCounts, patients: PatientCounts): string {
  const { notified, duplicates, delivered, acked, refused, items } = counts;
  return (
    `${String(notified)} notified, ${String(duplicates)} twice, ${String(delivered)} delivered, ${String(acked)} acknowledged, ` +
    `${String(refused)} parked, ${groups(items)} items in the EMR, ` +
    `p50 ${duration(counts.p50Ms)}, p95 ${duration(counts.p95Ms)}; ` +
    `${String(patients.received)} messages of the HIS, ${String(patients.created)} patients created, ` +
    `${String(patients.updated)} updated, ${String(patients.missing.length)} under way`
  );
}

/** `310 ms`, `2.4 s`. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '-';
  return ms < 1000 ? `${String(Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `12,000`. */
export function groups(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
