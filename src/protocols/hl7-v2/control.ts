/** What an acknowledgment needs of the header of the message that it answers. */
import type { Hl7Message } from './message';

/** Fields of MSH as they came, with their escapes and delimiters: an answer under the same delimiters can copy them. */
export interface Hl7Control {
  /** MSH-1 and MSH-2 together, as in `|^~\&`. */
  readonly delimiters: string;
  /** MSH-3. */
  readonly sendingApplication: string;
  /** MSH-4. */
  readonly sendingFacility: string;
  /** MSH-5. */
  readonly receivingApplication: string;
  /** MSH-6. */
  readonly receivingFacility: string;
  /** MSH-9.1. */
  readonly messageCode: string;
  /** MSH-9.2. */
  readonly triggerEvent: string;
  /** MSH-10, as it came. */
  readonly controlId: string;
  /** MSH-11. */
  readonly processingId: string;
  /** MSH-12.1. */
  readonly version: string;
  /** MSH-15. */
  readonly acceptAcknowledgment: string;
  /** MSH-16. */
  readonly applicationAcknowledgment: string;
  /** MSH-18, first repetition. */
  readonly characterSet: string;
}

/** Reads the header. A field that is missing is ''. */
export function readControl({ header, characterSet }: Hl7Message): Hl7Control {
  return {
    delimiters: header.rawField(1) + header.rawField(2),
    sendingApplication: header.rawField(3),
    sendingFacility: header.rawField(4),
    receivingApplication: header.rawField(5),
    receivingFacility: header.rawField(6),
    messageCode: header.value(9, 1),
    triggerEvent: header.value(9, 2),
    controlId: header.rawField(10),
    processingId: header.value(11),
    version: header.value(12),
    acceptAcknowledgment: header.value(15),
    applicationAcknowledgment: header.value(16),
    characterSet,
  };
}
