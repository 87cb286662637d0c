/** Why a resource has no mapping, in words without its values. */
export interface NoMapping {
  readonly why: string;
}
