/** The story of one piece of work, entry by entry in the order of time: what `ductus trace` shows. No clinical values. */

export type StoryKind =
  | 'notified'
  | 'opened'
  | 'token'
  | 'file'
  | 'transform'
  | 'message'
  | 'delivered'
  | 'waiting'
  | 'failed'
  | 'parked'
  | 'decision'
  | 'acknowledged'
  | 'closed'
  | 'redelivery'
  | 'alert'
  | 'now';

export interface StoryEntry {
  readonly at: Date;
  /** Where it is written down. */
  readonly from: 'ledger' | 'history';
  readonly kind: StoryKind;
  /** One line for a person. */
  readonly text: string;
  /** The same for a program. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}
