/** The two hospitals of the demo, in two time zones, each with an EMR that wants insulin in another form. OIDs are below 2.999, the arc for examples. */
import type { SecretName } from './secrets';

export interface DemoOrganization {
  /** Its name in `ductus.yaml`. */
  readonly id: string;
  readonly emrOid: string;
  readonly timeZone: string;
  /** Its destination in `ductus.yaml`. */
  readonly destination: string;
  /** As observations, or as administrations (RAS^O17). */
  readonly insulin: 'oru' | 'ras';
  readonly clientId: string;
  readonly username: string;
  readonly clientSecret: SecretName;
  readonly password: SecretName;
  /** Number of its first synthetic patient. */
  readonly firstPatient: number;
}

export const ST_MARIEN: DemoOrganization = {
  id: 'st-marien',
  emrOid: '2.999.1.1',
  timeZone: 'Europe/Berlin',
  destination: 'emr-main',
  insulin: 'oru',
  clientId: 'demo-st-marien',
  username: 'roche-st-marien',
  clientSecret: 'st-marien-client-secret',
  password: 'st-marien-callback-password',
  firstPatient: 1,
};

export const ST_ANNA: DemoOrganization = {
  id: 'st-anna',
  emrOid: '2.999.1.2',
  timeZone: 'Atlantic/Canary',
  destination: 'emr-anna',
  insulin: 'ras',
  clientId: 'demo-st-anna',
  username: 'roche-st-anna',
  clientSecret: 'st-anna-client-secret',
  password: 'st-anna-callback-password',
  firstPatient: 501,
};

export const ORGANIZATIONS: readonly DemoOrganization[] = [ST_MARIEN, ST_ANNA];
