/**
 * Whether data of a patient may be delivered: what the registry knows of the person, against the moment at which the data
 * came. Decided here alone, so that a file and a list for operators never disagree.
 */
import { Consent } from './patient-sync';

/** Why data of a patient are not delivered. A closed list: they stand in metrics, flags and the ledger. */
export const WITHHELD_REASONS = ['not-created', 'missing', 'withdrawn', 'not-begun', 'ended'] as const;
export type WithheldReason = (typeof WITHHELD_REASONS)[number];

/** A reason as operators read it. */
export const WITHHELD_TEXTS: Readonly<Record<WithheldReason, string>> = {
  'not-created': 'not created by this hospital',
  missing: 'no consent',
  withdrawn: 'consent withdrawn',
  'not-begun': 'consent not begun',
  ended: 'consent ended',
};

/** What the registry knows of a person, under all their numbers. */
export interface ConsentStanding {
  /** This hospital told Roche of the person, under this number or one that leads to it or from it. */
  readonly created: boolean;
  readonly consent: Consent;
  /** From when on; null: whenever the data came. */
  readonly from: Date | null;
  /** From when on no more; null: until it is withdrawn. */
  readonly until: Date | null;
}

/**
 * Why data under a number are not delivered, or undefined when they may be. A withdrawal counts for all that is not
 * delivered yet, whenever it came.
 * @param standings of everybody in the registry who has the number: usually one, none when nobody has it; all must have
 *   consented
 * @param at when the data came
 */
export function whyWithheld(standings: readonly ConsentStanding[], at: Date): WithheldReason | undefined {
  if (standings.length === 0) return 'not-created';
  const reasons = standings.map((standing) => whyPersonWithheld(standing, at));
  return WITHHELD_REASONS.find((reason) => reasons.includes(reason));
}

function whyPersonWithheld({ created, consent, from, until }: ConsentStanding, at: Date): WithheldReason | undefined {
  if (!created) return 'not-created';
  switch (consent) {
    case Consent.missing:
      return 'missing';
    case Consent.withdrawn:
      return 'withdrawn';
    case Consent.given:
      if (from !== null && at < from) return 'not-begun';
      return until !== null && at >= until ? 'ended' : undefined;
  }
}
