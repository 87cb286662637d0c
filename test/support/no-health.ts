/** For tests of the HTTP API that are not about health and metrics. */
import type { HealthApi } from '../../src/api/health';

export const NO_HEALTH: HealthApi = { notReady: () => Promise.resolve([]), scrape: () => Promise.resolve('') };
