/** What `ductus doctor` finds: one line for each thing that it has looked at. No secrets and no data of patients. */

export type FindingLevel = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly level: FindingLevel;
  /** What was looked at: `temporal`, `roche`, `certificate`. */
  readonly check: string;
  /** Where it stands in the configuration: `organizations.st-marien.roche`. */
  readonly where: string;
  readonly what: string;
  /** What to do; absent for `ok`. */
  readonly todo?: string;
}
