/** Times as operators type them. */
import { InvalidArgumentError } from 'commander';

/** `30m`, `12h`, `3d` ago, or a time of ISO 8601. */
export function parseTime(text: string): Date {
  const relative = /^(\d+)([mhd])$/.exec(text);
  if (relative !== null) {
    const unit = { m: 60_000, h: 3_600_000, d: 86_400_000 }[relative[2] ?? 'm'] ?? 60_000;
    return new Date(Date.now() - Number(relative[1]) * unit);
  }
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('use 30m, 12h, 2d, or a time like 2026-01-31T08:00:00Z');
  return date;
}
