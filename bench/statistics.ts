/** Percentiles and tables of the benchmarks. */

/** The value below which a share of the values lies (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

export interface Latencies {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** @param milliseconds one for each notification */
export function latencies(milliseconds: readonly number[]): Latencies {
  return {
    count: milliseconds.length,
    p50: Math.round(percentile(milliseconds, 0.5)),
    p95: Math.round(percentile(milliseconds, 0.95)),
    p99: Math.round(percentile(milliseconds, 0.99)),
  };
}

/** Rows with aligned columns. */
export function alignedRows(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
