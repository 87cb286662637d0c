/** The delimiters of a message (HL7 v2.5.1 §2.5.4): it names them itself, in MSH-1 and MSH-2. */
import { DuctusError } from '../../domain/errors';

/** One character each; '' for one that the message does not have. */
export interface Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
  readonly subcomponent: string;
}

export const STANDARD_DELIMITERS: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
};

/** Letters, digits, white space and control characters stand in values and segment names everywhere. */
const NO_DELIMITER = /[\p{L}\p{N}\s\p{C}]/u;
/** Component, repetition, escape, subcomponent; v2.7 added the truncation character, which no value of ours has. */
const MAX_ENCODING_CHARACTERS = 5;

/**
 * @param header the MSH segment
 * @throws DuctusError DUCTUS_HL7_INVALID when MSH-1 and MSH-2 cannot be delimiters
 */
export function readDelimiters(header: string): Delimiters {
  const field = header.charAt(3);
  if (field === '' || NO_DELIMITER.test(field)) throw invalid('MSH-1');
  const end = header.indexOf(field, 4);
  const encoding = header.slice(4, end < 0 ? undefined : end);
  if (encoding.length === 0 || encoding.length > MAX_ENCODING_CHARACTERS || NO_DELIMITER.test(encoding)) {
    throw invalid('MSH-2');
  }
  if (new Set(encoding).size !== encoding.length) throw invalid('MSH-2');
  return {
    field,
    component: encoding.charAt(0),
    repetition: encoding.charAt(1),
    escape: encoding.charAt(2),
    subcomponent: encoding.charAt(3),
  };
}

function invalid(field: string): DuctusError {
  return new DuctusError('DUCTUS_HL7_INVALID', `${field} does not name the delimiters of the message.`, {
    details: { field },
  });
}
