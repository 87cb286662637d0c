/**
 * What an HTTP status says about a message, where no body says more. Three questions decide: can the EMR have the
 * message; does the no concern this message or all of them; can waiting help. Statuses: RFC 9110 §15, RFC 6585.
 */
import type { AnswerCode } from './answered';

/**
 * The address, the credentials or the content type is wrong, so every message meets the same no. It must pause the
 * destination: to park each file would bury the one cause (an expired password, say) under all of them, and each would
 * have to be repaired by hand. 3xx: redirects are not followed, since a POST with patient data goes only where the
 * configuration says. 404 is not here: see `isAboutAddress`.
 */
const ABOUT_ALL: ReadonlySet<number> = new Set([401, 402, 403, 405, 406, 407, 415, 421, 426, 501, 505, 511]);

/**
 * The request was not taken in: it did not arrive as a whole (408), it was too early or one too many (425, 429), the
 * server takes none now (503) or has no room (507).
 */
const LATER: ReadonlySet<number> = new Set([408, 423, 425, 429, 503, 507]);

/**
 * @param status anything but 2xx
 * @param isAboutAddress true where 404 and 410 mean that nothing lives at the address, since a no to a message would have
 *   come with a body of the interface; false where they may mean something in the message (a patient, say)
 */
export function judgeStatus(status: number, { isAboutAddress }: { readonly isAboutAddress: boolean }): AnswerCode {
  if (status < 400) return 'DUCTUS_EMR_MISCONFIGURED';
  if (ABOUT_ALL.has(status)) return 'DUCTUS_EMR_MISCONFIGURED';
  if ((status === 404 || status === 410) && isAboutAddress) return 'DUCTUS_EMR_MISCONFIGURED';
  if (LATER.has(status)) return 'DUCTUS_EMR_BUSY';
  // Whatever the server or a proxy before it broke off at (500, 502, 504 …) can have come after the message was stored.
  if (status >= 500) return 'DUCTUS_EMR_AMBIGUOUS';
  return 'DUCTUS_EMR_REJECTED';
}
