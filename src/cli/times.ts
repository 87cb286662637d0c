/** Times and numbers as operators type them. */
import { InvalidArgumentError } from 'commander';

/** The times that PostgreSQL, ISO 8601 with four digits and people know. */
const EARLIEST = Date.UTC(1000, 0);
const LATEST = Date.UTC(9999, 11, 31);
const MOST = 1_000_000;

/** `30m`, `12h`, `3d` ago, or a time of ISO 8601. */
export function parseTime(text: string): Date {
  const date = instant(text);
  // What is no time is neither before nor after another.
  if (!(date.getTime() >= EARLIEST && date.getTime() <= LATEST))
    throw new InvalidArgumentError('use 30m, 12h, 2d, or a time like 2026-01-31T08:00:00Z');
  return date;
}

function instant(text: string): Date {
  const relative = /^(\d+)([mhd])$/.exec(text);
  if (relative === null) return new Date(text);
  const unit = { m: 60_000, h: 3_600_000, d: 86_400_000 }[relative[2] ?? 'm'] ?? 60_000;
  return new Date(Date.now() - Number(relative[1]) * unit);
}

/** How many, for `--limit`. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > MOST)
    throw new InvalidArgumentError(`use a whole number from 1 to ${String(MOST)}`);
  return count;
}
