/** How checks report: findings with a place, within a time limit; a check that fails itself is a finding. */
import { once } from 'node:events';
import type { Finding, FindingLevel } from '../../domain/findings';
import { withTimeLimit } from '../../connectors/http/time-limit';
import { explain } from './explain';

/** One request of a check. */
export const REQUEST_MS = 5_000;
/** One check, with all of its requests. */
const CHECK_MS = 20_000;

/** How far clocks may differ: S3 refuses at 15 minutes, an order of messages is wrong long before. */
const MOST_SKEW_MS = 30_000;

const DAY_MS = 24 * 60 * 60 * 1000;
const WARN_DAYS = 30;
const FAIL_DAYS = 7;

/** Findings of one check about one place. */
export class Report {
  readonly findings: Finding[] = [];

  constructor(
    readonly check: string,
    readonly where: string,
  ) {}

  ok(what: string, where = this.where): void {
    this.findings.push({ level: 'ok', check: this.check, where, what });
  }

  warn(what: string, todo: string, where = this.where): void {
    this.#add('warn', what, todo, where);
  }

  fail(what: string, todo: string, where = this.where): void {
    this.#add('fail', what, todo, where);
  }

  /** An error of the other side. */
  failedWith(error: unknown, prefix = ''): void {
    const { what, todo } = explain(error);
    this.fail(prefix + what, todo);
  }

  /** The clock of another machine against ours. */
  clock(name: string, theirs: Date | undefined): void {
    if (theirs === undefined) return;
    const skew = theirs.getTime() - Date.now();
    if (Math.abs(skew) <= MOST_SKEW_MS) return;
    const seconds = String(Math.round(Math.abs(skew) / 1000));
    this.fail(
      `the clock of ${name} is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} the one of this machine`,
      'Let both machines take their time from a time server (NTP).',
    );
  }

  /** When a certificate ends. @returns false when nothing was to be said */
  certificate(name: string, ends: Date | undefined, renew: string): boolean {
    if (ends === undefined || Number.isNaN(ends.getTime())) return false;
    const days = Math.floor((ends.getTime() - Date.now()) / DAY_MS);
    const on = ends.toISOString().slice(0, 10);
    if (days < 0) this.fail(`${name} has expired on ${on}`, renew);
    else if (days < FAIL_DAYS) this.fail(`${name} expires in ${String(days)} days, on ${on}`, renew);
    else if (days < WARN_DAYS) this.warn(`${name} expires in ${String(days)} days, on ${on}`, renew);
    else return false;
    return true;
  }

  #add(level: FindingLevel, what: string, todo: string, where: string): void {
    this.findings.push({ level, check: this.check, where, what, todo });
  }
}

/** Runs one check. It never throws. */
export async function checked(
  check: string,
  where: string,
  run: (report: Report) => Promise<void> | void,
): Promise<readonly Finding[]> {
  const report = new Report(check, where);
  try {
    // Not every call below obeys a signal: the race gives them up.
    await withTimeLimit(CHECK_MS, undefined, async (signal) => {
      const over = once(signal, 'abort').then(() => signal.throwIfAborted());
      await Promise.race([run(report), over]);
    });
  } catch (error) {
    report.failedWith(error);
  }
  return report.findings;
}
