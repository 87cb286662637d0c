/**
 * What Prometheus gets: Ductus's own metrics, how work stands, and what Temporal's SDK measures, in one text. The SDK's
 * native part serves its metrics by a listener of its own; it is kept on the loopback and asked at each scrape, because
 * its other way (`MetricsBuffer`, experimental in 1.24) drops updates when it is not drained in time.
 */
import { request } from 'undici';
import type { Standing } from '../../domain/standing';
import { LIMITS } from '../../domain/limits';
import type { Logger } from './logger';
import type { Metrics } from './metrics';
import { onceAWhile, within } from './once-a-while';

export interface ScrapeParts {
  readonly metrics: Metrics;
  readonly readStanding: () => Promise<Standing>;
  readonly notReady: () => Promise<readonly string[]>;
  /** Where the SDK serves its own; undefined in a process without a worker. */
  readonly sdkUrl: string | undefined;
  readonly logger: Logger;
}

/** Makes the text, at most once a second. @returns in the text format of Prometheus 0.0.4 */
export function createScrape(parts: ScrapeParts): () => Promise<string> {
  const { metrics, logger } = parts;
  const standing = onceAWhile(LIMITS.standingRefreshMs, parts.readStanding);
  const showStanding = async (): Promise<void> => {
    try {
      metrics.standing(await within(LIMITS.standingReadMs, standing()));
    } catch (error) {
      metrics.standing(undefined);
      logger.warn({ err: error }, 'how work stands could not be read: its gauges are silent');
    }
  };
  const sdk = async (): Promise<string> => {
    if (parts.sdkUrl === undefined) return '';
    try {
      const answer = await request(parts.sdkUrl, { signal: AbortSignal.timeout(LIMITS.sdkScrapeMs) });
      const text = await answer.body.text();
      return answer.statusCode === 200 ? text : '';
    } catch (error) {
      logger.warn({ err: error }, "the SDK's metrics could not be read: they are silent");
      return '';
    }
  };
  return onceAWhile(LIMITS.answerKeptMs, async () => {
    const [missing, sdkText] = await Promise.all([parts.notReady(), sdk(), showStanding()]);
    metrics.process.reachable(missing);
    // What was read a moment before PostgreSQL went away is old already.
    if (missing.includes('postgresql')) metrics.standing(undefined);
    const own = await metrics.registry.metrics();
    return sdkText === '' ? own : `${own.trimEnd()}\n${sdkText}`;
  });
}
