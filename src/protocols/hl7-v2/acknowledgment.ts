/**
 * Acknowledgments that Ductus writes (SPECS §6.3; HL7 v2.5.1 §2.9.2, §2.9.3, §2.14): which code a sender gets under the
 * mode that it chose, and the message.
 */
import type { Hl7Control } from './control';

/** Table 0008. */
export const ACKNOWLEDGMENT_CODES = ['AA', 'AE', 'AR', 'CA', 'CE', 'CR'] as const;
export type AcknowledgmentCode = (typeof ACKNOWLEDGMENT_CODES)[number];

/** Table 0357. */
const ERROR_TEXTS = {
  '100': 'Segment sequence error',
  '101': 'Required field missing',
  '102': 'Data type error',
  '103': 'Table value not found',
  '200': 'Unsupported message type',
  '201': 'Unsupported event code',
  '202': 'Unsupported processing id',
  '203': 'Unsupported version id',
  '205': 'Duplicate key identifier',
  '207': 'Application internal error',
} as const;
export type ErrorCode0357 = keyof typeof ERROR_TEXTS;

/** Where in the message (ERR-2, type ERL). */
export interface ErrorLocation {
  readonly segment: string;
  /** Which of the segments of that name, from 1. */
  readonly sequence: number;
  readonly field?: number;
  readonly repetition?: number;
  readonly component?: number;
}

/** Why a message is not taken. */
export interface Refused {
  readonly errorCode: ErrorCode0357;
  readonly location?: ErrorLocation;
  /** For a person; no values of the message. */
  readonly text: string;
}

/** What became of a message, in the words of the original mode. */
export type Verdict =
  { readonly answer: 'AA'; readonly refused?: undefined } | { readonly answer: 'AE' | 'AR'; readonly refused: Refused };

/** Type, event, processing id and version: what CR is for, and what no repeat mends. */
const UNSUPPORTED: ReadonlySet<ErrorCode0357> = new Set(['200', '201', '202', '203']);

/** True for a message that is itself an acknowledgment (ACK, or the delayed MCF): answering one could go on for ever. */
export function isAcknowledgment(control: Hl7Control): boolean {
  return control.messageCode === 'ACK' || control.messageCode === 'MCF';
}

/**
 * The code that the sender gets. With MSH-15 and MSH-16 empty, or with an application acknowledgment wanted: AA, AE, AR.
 * One frame gets one answer, and AA says more than CA, so CA, CE and CR are for senders that want nothing else.
 * @returns undefined when the sender wants no answer in this case
 */
export function acknowledgmentCode(verdict: Verdict, control: Hl7Control | undefined): AcknowledgmentCode | undefined {
  const accept = condition(control?.acceptAcknowledgment ?? '');
  const application = condition(control?.applicationAcknowledgment ?? '');
  // The original mode; also a sender that only says that it wants no accept acknowledgment.
  if (application === '' && (accept === '' || accept === 'NE')) return verdict.answer;
  const success = verdict.answer === 'AA';
  if (isDue(application, success)) return verdict.answer;
  if (!isDue(accept, success)) return undefined;
  if (verdict.refused === undefined) return 'CA';
  return UNSUPPORTED.has(verdict.refused.errorCode) ? 'CR' : 'CE';
}

/** As {@link acknowledgmentCode} where an answer is sent anyway, as over HTTP. */
export function acknowledgmentCodeAlways(verdict: Verdict, control: Hl7Control | undefined): AcknowledgmentCode {
  return acknowledgmentCode(verdict, control) ?? verdict.answer;
}

/** Table 0155; a value that is not in it is taken for "always", so that nobody waits in vain. */
function condition(written: string): 'AL' | 'NE' | 'ER' | 'SU' | '' {
  const value = written.trim().toUpperCase();
  if (value === '' || value === '""') return '';
  return value === 'NE' || value === 'ER' || value === 'SU' ? value : 'AL';
}

function isDue(wanted: ReturnType<typeof condition>, success: boolean): boolean {
  return wanted === 'AL' || wanted === (success ? 'SU' : 'ER');
}

export interface AcknowledgmentInput {
  /** Of the message that is answered; undefined when it has no header. */
  readonly control: Hl7Control | undefined;
  readonly code: AcknowledgmentCode;
  readonly refused?: Refused | undefined;
  /** MSH-10 of the answer itself. */
  readonly controlId: string;
  readonly atMs: number;
}

const NO_HEADER: Hl7Control = {
  delimiters: '|^~\\&',
  sendingApplication: '',
  sendingFacility: '',
  receivingApplication: '',
  receivingFacility: '',
  messageCode: '',
  triggerEvent: '',
  controlId: '',
  processingId: '',
  version: '',
  acceptAcknowledgment: '',
  applicationAcknowledgment: '',
  characterSet: '',
};

/** Where the sender names no version, or none that HL7 has. */
const DEFAULT_VERSION = '2.5.1';

/**
 * Writes an acknowledgment, under the sender's delimiters, version and character set. ERR has the form of v2.5 from there
 * on (ERR-2, 3, 4, 8); before, ERR-1, and the text in MSA-3, which the older versions have for it.
 * @param input its control as {@link import('./header').readHeader} gives it: a character a byte
 */
export function writeAcknowledgment(input: AcknowledgmentInput): Buffer {
  const { control = NO_HEADER, code, refused } = input;
  const version = /^2\.[0-9](?:\.[0-9])?$/.test(control.version) ? control.version : DEFAULT_VERSION;
  const minor = Number(version.slice(2));
  const write = new Writer(control.delimiters);
  const isModern = minor >= 5;
  const msh = write.segment(
    `MSH${control.delimiters}`,
    control.receivingApplication,
    control.receivingFacility,
    control.sendingApplication,
    control.sendingFacility,
    hl7Time(input.atMs),
    '',
    messageType(control.triggerEvent, minor, write),
    input.controlId,
    control.processingId === '' ? 'P' : control.processingId,
    version,
    ...['', '', '', '', ''],
    control.characterSet,
  );
  const msa = write.segment('MSA', code, control.controlId, isModern ? '' : write.text(refused?.text ?? '', 80));
  const err = refused === undefined ? [] : [isModern ? modernError(refused, write) : oldError(refused, write)];
  return Buffer.from(`${[msh, msa, ...err].join('\r')}\r`, 'latin1');
}

/** MSH-9: the structure came with v2.3.1, the event with v2.2. */
function messageType(event: string, minor: number, write: Writer): string {
  if (minor < 2 || !/^[A-Z0-9]{3}$/.test(event)) return minor >= 3.1 ? write.parts('ACK', '', 'ACK') : 'ACK';
  return minor >= 3.1 ? write.parts('ACK', event, 'ACK') : write.parts('ACK', event);
}

function modernError({ errorCode, location, text }: Refused, write: Writer): string {
  const place =
    location === undefined
      ? ''
      : write.parts(
          location.segment,
          location.sequence,
          location.field,
          location.component === undefined ? location.repetition : (location.repetition ?? 1),
          location.component,
        );
  const code = write.parts(errorCode, ERROR_TEXTS[errorCode], 'HL70357');
  return write.segment('ERR', '', place, code, 'E', '', '', '', write.text(text, 250));
}

/** ERR-1 until v2.4: segment, sequence, field, and the code as sub-components. */
function oldError({ errorCode, location }: Refused, write: Writer): string {
  const code = write.subParts(errorCode, ERROR_TEXTS[errorCode], 'HL70357');
  return write.segment('ERR', write.parts(location?.segment, location?.sequence, location?.field, code));
}

/** `20260301120000+0000`. */
function hl7Time(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace(/[-:T]/g, '')}+0000`;
}

/** Joins by the sender's delimiters. */
class Writer {
  readonly #field: string;
  readonly #component: string;
  readonly #subcomponent: string;
  readonly #special: ReadonlySet<string>;

  constructor(delimiters: string) {
    this.#field = delimiters.charAt(0);
    this.#component = delimiters.charAt(1);
    // A sender without sub-components gets those of ours, which it does not read.
    this.#subcomponent = delimiters.charAt(4) === '' ? '&' : delimiters.charAt(4);
    this.#special = new Set(delimiters);
  }

  segment(...fields: readonly string[]): string {
    return trimmed(fields).join(this.#field);
  }

  parts(...components: readonly (string | number | undefined)[]): string {
    return trimmed(components.map((each) => (each === undefined ? '' : String(each)))).join(this.#component);
  }

  subParts(...components: readonly string[]): string {
    return components.join(this.#subcomponent);
  }

  /** A text of ours: plain ASCII, with the delimiters taken out rather than escaped, since some senders have no escape character. */
  text(text: string, most: number): string {
    return [...text.slice(0, most)]
      .map((each) => (this.#special.has(each) || each < ' ' || each > '~' ? ' ' : each))
      .join('');
  }
}

/** Without the empty ones at the end. */
function trimmed(parts: readonly string[]): readonly string[] {
  let end = parts.length;
  while (end > 0 && parts[end - 1] === '') end -= 1;
  return parts.slice(0, end);
}
