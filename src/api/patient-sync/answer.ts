/** What the HIS gets for a message, and what the log says of one that was refused. */
import { randomBytes } from 'node:crypto';
import { writeAcknowledgment, type AcknowledgmentCode } from '../../protocols/hl7-v2/acknowledgment';
import type { Arrival, PatientSyncDoor } from './door';
import type { Received } from './receive-hl7';

/** The acknowledgment of a message. */
export function answerOf({ control, verdict }: Received, code: AcknowledgmentCode): Buffer {
  return writeAcknowledgment({
    control,
    code,
    refused: verdict?.refused,
    // 20 characters are the most (v2.5.1 §2.15.9.10).
    controlId: randomBytes(10).toString('hex').toUpperCase(),
    atMs: Date.now(),
  });
}

/** Who sent what stays with the HIS: connection and place lead it to the message. */
export function logRefusal(
  { logger }: PatientSyncDoor,
  arrival: Arrival & { readonly organization: string },
  { verdict, code }: Received,
): void {
  // What could not be stored is in the log already, with its reason.
  if (code === undefined || verdict?.refused?.errorCode === '207') return;
  const { organization, source, connection, sequence } = arrival;
  const refused = verdict?.refused;
  const location = refused?.location;
  logger.info(
    {
      code,
      organization,
      source,
      connection,
      sequence,
      answer: verdict?.answer,
      errorCode: refused?.errorCode,
      ...(location === undefined ? {} : { segment: location.segment, field: location.field }),
    },
    'a message of the HIS was refused',
  );
}
