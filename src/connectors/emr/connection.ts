/** The way to one destination, whatever it speaks: what the delivery step knows of it. */
import type { MessageControlId } from '../../domain/identifiers';

export interface OutgoingMessage {
  /** MSH-10, or what stands for it: the same for every attempt, so that a receiver can tell a repeat. */
  readonly controlId: MessageControlId;
  readonly form: 'hl7' | 'fhir' | 'json';
  readonly bytes: Uint8Array;
}

export interface SendOptions {
  /** Ends the wait for a place: before the message is sent nothing has happened, after that the outcome is ambiguous. */
  readonly signal?: AbortSignal;
  /** Runs when a place is held and before the first byte leaves; when it throws, nothing is sent. */
  readonly beforeSend?: () => Promise<void>;
  /** An earlier attempt may have arrived: "stored before" is success then. */
  readonly resent: boolean;
}

export interface ConnectionStats {
  /** Messages that are being sent or wait for their answer. */
  readonly busy: number;
  /** Open connections without a message. */
  readonly idle: number;
  /** Messages that wait for a place. */
  readonly waiting: number;
}

export interface EmrConnection {
  /**
   * Sends a message; returns when the destination has it.
   * @throws DuctusError DUCTUS_EMR_UNREACHABLE (not sent), DUCTUS_EMR_AMBIGUOUS (no valid answer), DUCTUS_EMR_REJECTED,
   *   DUCTUS_EMR_BUSY or DUCTUS_EMR_MISCONFIGURED (it answered no: to this message, for now, or to all; the details say
   *   with what)
   */
  send(message: OutgoingMessage, options: SendOptions): Promise<void>;
  readonly stats: ConnectionStats;
  /** Takes no more messages and waits for those on their way. */
  close(): Promise<void>;
}
