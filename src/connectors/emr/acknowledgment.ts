/**
 * HL7 acknowledgments: what the EMR says about a message, and what Ductus makes of it (SPECS §6.3).
 * Free text of MSA-3 and ERR is never kept: receivers quote the message there, so it may be PHI.
 */
import { Hl7Message, type Hl7Segment } from '@medplum/core';
import type { DestinationConfigOf } from '../../runtime/config/schema';
import type { SafeDetails } from '../../domain/errors';
import { ACKNOWLEDGMENT_CODES, type AcknowledgmentCode } from '../../protocols/hl7-v2/acknowledgment';

export interface Acknowledgment {
  readonly code: AcknowledgmentCode;
  /** MSA-2: MSH-10 of the message that is answered. */
  readonly controlId: string;
  /** Of each ERR: the code of table 0357 and the place, as in `PID[1]-5`. Only what has the form of one. */
  readonly errors: readonly { readonly code?: string; readonly location?: string }[];
}

/** The part of the configuration that decides; see there for the meaning of each. */
export type AcknowledgmentPolicy = DestinationConfigOf<'mllp'>['acknowledgments'];

export type Judgment =
  | { readonly verdict: 'accepted' }
  | {
      readonly verdict: 'failed';
      readonly code: 'DUCTUS_EMR_REJECTED' | 'DUCTUS_EMR_BUSY';
      readonly details: SafeDetails;
    };

/** Bytes that are no acknowledgment. */
export class AcknowledgmentError extends Error {
  override readonly name = 'AcknowledgmentError';
}

/**
 * Reads an answer. Every part that is kept is ASCII, so the character set of the answer does not matter.
 * @throws AcknowledgmentError when there is no MSH, no MSA, or no code of table 0008 in MSA-1
 */
export function parseAcknowledgment(bytes: Uint8Array): Acknowledgment {
  const text = Buffer.from(bytes).toString('latin1').trimStart();
  if (!text.startsWith('MSH') || text.length < 8) throw new AcknowledgmentError('The answer does not begin with MSH.');
  const message = Hl7Message.parse(text);
  const msa = message.getSegment('MSA');
  if (msa === undefined) throw new AcknowledgmentError('The answer has no MSA segment.');
  const written = msa.getComponent(1, 1).trim().toUpperCase();
  const code = ACKNOWLEDGMENT_CODES.find((known) => known === written);
  if (code === undefined) throw new AcknowledgmentError('MSA-1 of the answer is not a code of HL7 table 0008.');
  const errors = message.getAllSegments('ERR').flatMap(readError);
  // Until HL7 2.4 the code stood in MSA-6.
  const old = errors.length === 0 ? errorOf(msa.getComponent(6, 1), undefined) : [];
  return { code, controlId: msa.getField(2)?.toString() ?? '', errors: [...errors, ...old] };
}

/** ERR-2 and ERR-3 since HL7 2.5; before that, each repetition of ERR-1 had segment, sequence, field and code. */
function readError(err: Hl7Segment): Acknowledgment['errors'][number][] {
  const modern = errorOf(err.getComponent(3, 1), placeOf(err, 2, 0));
  if (modern.length > 0) return modern;
  const repetitions = err.getField(1)?.components ?? [];
  return repetitions.flatMap((_, nth) => errorOf(err.getComponent(1, 4, 0, nth), placeOf(err, 1, nth)));
}

function errorOf(code: string, location: string | undefined): Acknowledgment['errors'][number][] {
  const isCode = /^[A-Za-z0-9._-]{1,20}$/.test(code);
  if (!isCode && location === undefined) return [];
  return [{ ...(isCode ? { code } : {}), ...(location === undefined ? {} : { location }) }];
}

function placeOf(err: Hl7Segment, field: number, repetition: number): string | undefined {
  const [segment = '', sequence = '', position = ''] = [1, 2, 3].map((component) =>
    err.getComponent(field, component, undefined, repetition),
  );
  if (!/^[A-Z][A-Z0-9]{2}$/.test(segment)) return undefined;
  const nth = /^\d{1,5}$/.test(sequence) ? `[${sequence}]` : '';
  return segment + nth + (/^\d{1,3}$/.test(position) ? `-${position}` : '');
}

/** AR is for trouble outside of the message, but many engines use it for these: type, event, processing id, version. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['200', '201', '202', '203']);

/**
 * What an acknowledgment means for the delivery.
 * @param resent true when the message had been sent before and no valid answer had come: then "duplicate key"
 *   says that it is stored
 */
export function judgeAcknowledgment(
  acknowledgment: Acknowledgment,
  policy: AcknowledgmentPolicy,
  { resent }: { readonly resent: boolean },
): Judgment {
  const { code, errors } = acknowledgment;
  const codes = errors.map((error) => error.code ?? '');
  const all = (known: readonly string[]): boolean => codes.length > 0 && codes.every((each) => known.includes(each));
  const failed = (verdict: 'DUCTUS_EMR_REJECTED' | 'DUCTUS_EMR_BUSY'): Judgment => ({
    verdict: 'failed',
    code: verdict,
    details: detailsOf(acknowledgment),
  });
  if (code === 'AA' || code === 'CA') return { verdict: 'accepted' };
  if (resent && all(policy.alreadyStoredCodes)) return { verdict: 'accepted' };
  switch (code) {
    case 'AE':
      return failed(all(policy.transientErrorCodes) ? 'DUCTUS_EMR_BUSY' : 'DUCTUS_EMR_REJECTED');
    case 'AR': {
      const unsupported = codes.some((each) => UNSUPPORTED.has(each));
      return failed(policy.AR === 'retry' && !unsupported ? 'DUCTUS_EMR_BUSY' : 'DUCTUS_EMR_REJECTED');
    }
    case 'CE':
      return failed(policy.CE === 'retry' ? 'DUCTUS_EMR_BUSY' : 'DUCTUS_EMR_REJECTED');
    case 'CR':
      return failed('DUCTUS_EMR_REJECTED');
  }
}

/** For a person: which code, which errors, where. */
function detailsOf({ code, errors }: Acknowledgment): SafeDetails {
  const codes = errors.flatMap((error) => error.code ?? []).slice(0, 10);
  const locations = errors.flatMap((error) => error.location ?? []).slice(0, 10);
  return {
    acknowledgment: code,
    ...(codes.length === 0 ? {} : { errorCodes: codes.join(' ') }),
    ...(locations.length === 0 ? {} : { errorLocations: locations.join(' ') }),
  };
}
