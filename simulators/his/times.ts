/** Times as a HIS writes them. */

/** `YYYYMMDDHHMMSS+0000`. */
export function timeWithOffset(atMs: number): string {
  return `${new Date(atMs).toISOString().replace(/[-:T]/g, '').slice(0, 14)}+0000`;
}

/**
 * Makes the clock on the wall of a hospital: times without an offset.
 * @param timeZone IANA name
 */
export function createLocalTime(timeZone: string): (atMs: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  return (atMs) => {
    const parts = format.formatToParts(atMs);
    return (['year', 'month', 'day', 'hour', 'minute', 'second'] as const)
      .map((type) => parts.find((part) => part.type === type)?.value ?? '')
      .join('');
  };
}
