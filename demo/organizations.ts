/** The two hospitals of the demo, in two time zones, each with an EMR that wants insulin in another form and a HIS that writes ADT in another. OIDs are below 2.999, the arc for examples. */
import type { HisStyle } from '../simulators/his/styles';
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
  /** How its HIS writes ADT, and of which of the simulator's regions its people are. */
  readonly his: { readonly listener: string; readonly style: HisStyle; readonly region: number };
  /** Whether its EMR gets data of patients only whom its HIS has registered and who have consented, under the numbers of the registry. */
  readonly asksForConsent: boolean;
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
  his: { listener: 'his-marien', style: 'german', region: 1 },
  asksForConsent: false,
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
  his: { listener: 'his-anna', style: 'spanish', region: 0 },
  asksForConsent: true,
  firstPatient: 501,
};

export const ORGANIZATIONS: readonly DemoOrganization[] = [ST_MARIEN, ST_ANNA];
