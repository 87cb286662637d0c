/**
 * Activities of the watch: conditions that no piece of work would notice, because it is about what does not happen.
 * Each is told once when it begins and once when it ends (PEERS B5: "channel green, nobody told").
 */
import type { Alert } from '../domain/data-sharing';
import type { OrganizationId } from '../domain/identifiers';
import { OrganizationIdSchema } from '../domain/identifiers';
import type { Standing } from '../domain/standing';
import { Stage } from '../domain/stages';
import { configuredCertificates, type ConfiguredCertificate } from '../runtime/certificates';
import { allDestinations } from '../runtime/config/destinations';
import type { Config } from '../runtime/config/schema';
import { raisedAlerts } from '../store/alerts';
import { reusedControlIds, type ReusedControlIds } from '../store/patient-changes';
import { readStanding } from '../store/standing';
import { clear, raise, tellAgain } from './alerts';
import type { ActivityDependencies } from './dependencies';
import { withFailures } from './failures';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Starts of the keys of these alerts: what is raised under them and holds no more is cleared. */
const PREFIXES = ['no-traffic/', 'certificate/', 'work-old/', 'control-id/'] as const;

export interface WatchActivities {
  /** Looks at all conditions. @returns how many hold */
  watchConditions(): Promise<number>;
}

/** The activities, bound to their dependencies. */
export function createWatchActivities(deps: ActivityDependencies): WatchActivities {
  const { config, store, logger } = deps;
  const configured = {
    organizations: Object.keys(config.organizations),
    destinations: allDestinations(config),
  };
  const certificates = configuredCertificates(config);
  return {
    watchConditions: withFailures(
      'watchConditions',
      async () => {
        await tellAgain(deps);
        const standing = await readStanding(store, configured);
        const reused = await reusedControlIds(store, new Date(Date.now() - DAY * 1000));
        const holding = [...conditions(config, standing, certificates, new Date()), ...reused.map(reusedAlert)];
        for (const alert of holding) await raise(deps, alert);
        const keys = new Set(holding.map((alert) => alert.key));
        for (const { key, code } of await raisedAlerts(store, PREFIXES)) {
          if (!keys.has(key) && isWatched(code)) await clear(deps, key, code, CLEARED[code]);
        }
        return holding.length;
      },
      logger,
    ),
  };
}

type WatchedCode = 'DUCTUS_NO_TRAFFIC' | 'DUCTUS_CERTIFICATE_EXPIRES' | 'DUCTUS_WORK_OLD' | 'DUCTUS_CONTROL_ID_REUSED';

const CLEARED: Readonly<Record<WatchedCode, string>> = {
  DUCTUS_NO_TRAFFIC: 'Notifications come again.',
  DUCTUS_CERTIFICATE_EXPIRES: 'The certificate was renewed, or is no longer used.',
  DUCTUS_WORK_OLD: 'No work is older than the limit any more.',
  DUCTUS_CONTROL_ID_REUSED: 'No control id was used a second time in the last 24 hours.',
};

function isWatched(code: string): code is WatchedCode {
  return Object.hasOwn(CLEARED, code);
}

/** The conditions that hold. @param now of this machine: certificates are judged by it, as TLS does */
export function conditions(
  config: Pick<Config, 'organizations' | 'alerts'>,
  standing: Standing,
  certificates: readonly ConfiguredCertificate[],
  now: Date,
): readonly Alert[] {
  const found: Alert[] = [];
  for (const { organization, quietSeconds } of standing.traffic) {
    const limit = noTrafficHours(config, organization);
    if (limit === undefined || quietSeconds < limit * HOUR) continue;
    found.push({
      key: `no-traffic/${organization}`,
      code: 'DUCTUS_NO_TRAFFIC',
      text: `No new notification for ${organization} in the last ${String(limit)} hours. Is Roche's side up, and does it reach Ductus?`,
    });
  }
  const tooOld = new Set(
    standing.open
      .filter((work) => work.stage !== Stage.parked && work.oldestSeconds > config.alerts.oldestWorkMinutes * 60)
      .map((work) => work.organization),
  );
  for (const organization of tooOld) {
    found.push({
      key: `work-old/${organization}`,
      code: 'DUCTUS_WORK_OLD',
      text: `Work of ${organization} is older than ${String(config.alerts.oldestWorkMinutes)} minutes and not parked. See \`ductus destinations list\`, and running workflows in the Temporal Web UI.`,
    });
  }
  for (const certificate of certificates) {
    const alert = expiring(certificate, config.alerts.certificateDays, now);
    if (alert !== undefined) found.push(alert);
  }
  return found;
}

/** A HIS whose control ids are not unique loses messages: what it sends under one in use is not taken. */
function reusedAlert({ organization, source, count }: ReusedControlIds): Alert {
  return {
    key: `control-id/${organization}/${source}`,
    code: 'DUCTUS_CONTROL_ID_REUSED',
    text: `${String(count)} messages of ${source} (${organization}) were not taken in the last 24 hours: their control id was used for another message before.`,
  };
}

function noTrafficHours(config: Pick<Config, 'organizations'>, organization: OrganizationId): number | undefined {
  return config.organizations[OrganizationIdSchema.parse(organization)]?.alerts.noTrafficHours;
}

function expiring({ name, notAfter }: ConfiguredCertificate, days: number, now: Date): Alert | undefined {
  const alert = (text: string): Alert => ({ key: `certificate/${name}`, code: 'DUCTUS_CERTIFICATE_EXPIRES', text });
  if (notAfter === undefined) return alert(`The certificate ${name} cannot be read.`);
  const left = (notAfter.getTime() - now.getTime()) / 1000;
  if (left > days * DAY) return undefined;
  const day = notAfter.toISOString().slice(0, 10);
  return alert(
    left <= 0
      ? `The certificate ${name} ended on ${day}. Renew it and restart Ductus.`
      : `The certificate ${name} ends on ${day}. Renew it and restart Ductus.`,
  );
}
