/** NTE: what the patient wrote, and what Ductus has to say about a reading. */
import type { ClockChange } from '../model/time-zone';
import type { Code } from '../model/reading';
import { isFlag, isNamed, mdcFirst } from './codes';
import { escapeFormattedText } from './escape';
import { pathOf, type ReadingEntry, type Scope } from './scope';
import { SegmentTable } from './segment-table';

export interface Note {
  /** Table 0105: L = from the system that produced the result; O = other, here: Ductus. */
  readonly source: 'L' | 'O';
  readonly text: string;
  readonly from: readonly string[];
}

export interface NoteContext extends Note {
  readonly setId: number;
}

export const NTE = new SegmentTable<NoteContext>([
  {
    id: 'nte-1',
    target: 'NTE-1',
    source: 'counted under each segment',
    why: 'v2.5.1 §2.15.10',
    write: ({ setId }) => String(setId),
  },
  {
    id: 'nte-2',
    target: 'NTE-2',
    source: 'L: a comment of the patient; O: a remark of Ductus',
    why: 'table 0105: L is the system that produced the result',
    write: ({ source }) => source,
  },
  {
    id: 'nte-3',
    target: 'NTE-3',
    source:
      'Observation.comment or note (L); then (O): a time without offset that clocks change at, what Ductus did to the value, the end of a period, further codes and words for them, further codes of a value, code systems without a name in table 0396, interpretations outside of table 0078, a dose that was stopped, what belongs to the reading and stands elsewhere',
    why: 'what no field of OBX can hold is said in words rather than lost; FT, so a line break is `\\.br\\` (§2.7)',
    from: ({ from }) => from,
    write: ({ text }) => escapeFormattedText(text),
  },
]);

/** Begins the note on what stands elsewhere: where it stands depends on what else is in the message. */
export const APART = 'What belongs to it and does not stand under it here: ';

const NO_MEMBERS: readonly string[] = [];
/** Every reading has an empty list of these, and nearly all only that. */
const NONE: readonly Note[] = [];

/**
 * Notes under an OBX.
 * @param statesEnd false when OBR-8 says until when
 * @param apart references of what belongs to the reading and does not stand under it
 */
export function notesOf(
  entry: ReadingEntry,
  { zone, isPcd }: Scope,
  statesEnd: boolean,
  apart = NO_MEMBERS,
): readonly Note[] {
  const { item, reading, time, end } = entry;
  const { comments, remarks, codes, codeText, finding, interpretation } = reading;
  const wasStopped = reading.kind === 'insulin' && item.status !== 'D' && item.raw['status'] === 'stopped';
  const isPlain =
    comments.length === 0 &&
    !wasStopped &&
    apart.length === 0 &&
    time?.change === undefined &&
    remarks === undefined &&
    end === undefined &&
    interpretation === undefined &&
    finding === undefined &&
    codeText === undefined &&
    codes.length <= 1 &&
    codes.every(isNamed);
  if (isPlain) return NONE;
  const notes: Note[] = comments.map((text) => ({ source: 'L', text, from: pathOf(item, reading, 'comments') }));
  const add = (text: string, from: readonly string[]): void => {
    notes.push({ source: 'O', text, from });
  };
  if (time?.change !== undefined) add(clockNote(time.change, zone.name), pathOf(item, reading, 'start'));
  for (const remark of remarks ?? []) add(remark, pathOf(item, reading, 'value'));
  if (end !== undefined && statesEnd) {
    add(`End of the period: ${end.text}`, pathOf(item, reading, 'end'));
    if (end.change !== undefined) add(clockNote(end.change, zone.name), pathOf(item, reading, 'end'));
  }
  // What does not stand in OBX-3 (or RXA-5), which has room for two.
  const shown = (isPcd ? mdcFirst(codes) : codes).slice(0, 2);
  if (codeText !== undefined && shown.length === 2)
    add(`Called by the sender: ${codeText}`, pathOf(item, reading, 'codes'));
  for (const code of codes) {
    if (!shown.includes(code)) add(`Also coded as ${coded(code)}`, pathOf(item, reading, 'codes'));
    // `L` in the triplet does not say which.
    else if (!isNamed(code)) add(`Code ${coded(code)}`, pathOf(item, reading, 'codes'));
  }
  for (const [position, code] of (finding?.kind === 'codes' ? finding.codes : []).entries()) {
    // OBX-5 has room for two.
    if (position > 1) add(`Also found, as coded: ${coded(code)}`, pathOf(item, reading, 'value'));
    else if (!isNamed(code)) add(`Code ${coded(code)}`, pathOf(item, reading, 'value'));
  }
  for (const flag of interpretation ?? []) {
    if (!isFlag(flag)) add(`Interpretation: ${flag.display ?? flag.code}`, pathOf(item, reading, 'interpretation'));
  }
  if (wasStopped) add('Stopped before all of it was given.', [`${item.path}.status`]);
  if (apart.length > 0) {
    add(`${APART}${apart.join(', ')}`, pathOf(item, reading, 'related'));
  }
  return notes;
}

function coded({ code, display, system }: Code): string {
  return `${code}${display === undefined ? '' : ` (${display})`}${system === undefined ? '' : ` in ${system}`}`;
}

export function clockNote(change: ClockChange, timeZone: string): string {
  const why = change === 'repeated' ? 'occurs twice' : 'does not occur';
  return `The device gave this time without an offset. It ${why} in ${timeZone}, where clocks change; it was read with the offset before the change.`;
}
