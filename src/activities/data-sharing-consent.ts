/** The consent policy of an organization, applied to a file before anything is made of it. */
import type { TransformResult, WorkKey } from '../domain/data-sharing';
import { WITHHELD_REASONS, WITHHELD_TEXTS, whyWithheld, type WithheldReason } from '../domain/consent';
import { DuctusError } from '../domain/errors';
import type { OrganizationConfig } from '../runtime/config/schema';
import { receivedAt, recordRefused } from '../store/ledger';
import { consentStandings } from '../store/persons';
import type { FileContent } from '../transforms/model/content';
import { isAskable, sourceNumbersOf } from './data-sharing-file';
import type { ActivityDependencies } from './dependencies';

const CODE = 'DUCTUS_CONSENT_MISSING';

/**
 * Looks every patient of the file up in the registry. A file is refused as a whole only when nobody in it has consented:
 * refusing one of several patients would lose the data of the others, so that such a file is parked.
 * @returns the refusal; undefined when the file may be delivered, or the organization asks for no consent
 * @throws DuctusError DUCTUS_CONSENT_MISSING where the policy parks
 */
export async function applyConsentPolicy(
  deps: Pick<ActivityDependencies, 'store' | 'metrics'>,
  key: WorkKey,
  { patientIdentity }: Pick<OrganizationConfig, 'patientIdentity'>,
  content: FileContent,
): Promise<Extract<TransformResult, { status: 'refused' }> | undefined> {
  if (patientIdentity.consent === 'ignore') return undefined;
  const patients = sourceNumbersOf(content);
  if (patients.length === 0) return undefined;
  const withheld = await withheldBy(deps, key, patients);
  if (withheld.length === 0) return undefined;
  const counts = countsOf(withheld);
  const message = textOf(counts, withheld.length, patients.length);
  if (patientIdentity.withoutConsent === 'refuse' && withheld.length === patients.length) {
    const noted = await recordRefused(deps.store, key, { code: CODE, message });
    if (noted !== 'sent') {
      if (noted === 'first') for (const reason of counts.keys()) deps.metrics.refused(reason);
      return { status: 'refused', reasons: [...counts.keys()] };
    }
  }
  throw new DuctusError(CODE, message, { details: { patients: patients.length, ...Object.fromEntries(counts) } });
}

/** Why data are withheld, for each patient whose data are. */
async function withheldBy(
  { store }: Pick<ActivityDependencies, 'store'>,
  key: WorkKey,
  patients: ReturnType<typeof sourceNumbersOf>,
): Promise<readonly WithheldReason[]> {
  const askable = patients.filter(isAskable);
  const [at, standings] = await Promise.all([
    receivedAt(store, key),
    consentStandings(store, key.organization, askable),
  ]);
  const known = askable.flatMap((_, position) => whyWithheld(standings.get(position) ?? [], at) ?? []);
  return [...known, ...Array.from({ length: patients.length - askable.length }, () => 'not-created' as const)];
}

/** In the order of the list, so that a repeat gives the same. */
function countsOf(reasons: readonly WithheldReason[]): ReadonlyMap<WithheldReason, number> {
  return new Map(
    WITHHELD_REASONS.map((reason) => [reason, reasons.filter((each) => each === reason).length] as const).filter(
      ([, count]) => count > 0,
    ),
  );
}

function textOf(counts: ReadonlyMap<WithheldReason, number>, withheld: number, patients: number): string {
  const why = [...counts].map(([reason, count]) => `${WITHHELD_TEXTS[reason]} (${String(count)})`).join(', ');
  const of = patients === 1 ? 'the patient' : `${String(withheld)} of ${String(patients)} patients`;
  return `Data of ${of} of the file may not be delivered: ${why}.`;
}
