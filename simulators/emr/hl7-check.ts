/**
 * What this EMR asks of a message before it takes it: HL7 v2.5.1 for ORU^R01, RAS^O17 and MDM, as far as an EMR usually
 * looks.
 */
import { component, repetitions, segment } from './hl7-reading';
import { findStructureDefect } from './message-structures';
import type { Hl7Reading, Segment } from './hl7-reading';

/** Why a message is refused: ERR-2, ERR-3 (table 0357) and ERR-8. */
export interface Hl7Defect {
  /** Segment, its sequence number, and field: `OBX^3^5`. */
  readonly location: string;
  readonly code: '100' | '101' | '102' | '103' | '200' | '201' | '202' | '203';
  readonly text: string;
  /** Defects of type, event, processing id and version are rejections (AR), the others errors (AE). */
  readonly answer: 'AE' | 'AR';
}

/** Longest MSH-10 (HL7 v2.5.1 chapter 2). */
const MAX_CONTROL_ID = 20;
const TIMESTAMP = /^\d{4}(\d{2}(\d{2}(\d{2}(\d{2}(\d{2}(\.\d{1,4})?)?)?)?)?)?([+-]\d{4})?$/;
const NUMBER = /^[+-]?\d+(\.\d+)?$/;
/** Table 0085, result status. */
const RESULT_STATUSES = new Set(['C', 'D', 'F', 'I', 'N', 'O', 'P', 'R', 'S', 'U', 'W', 'X']);
/** MSH-9.3, table 0354. */
const STRUCTURES: Readonly<Record<string, string>> = {
  'ORU^R01': 'ORU_R01',
  'RAS^O17': 'RAS_O17',
  'MDM^T02': 'MDM_T02',
  'MDM^T10': 'MDM_T02',
  'MDM^T11': 'MDM_T01',
};
/** Table 0322, completion status of an administration, and 0271, of a document. */
const ADMINISTRATION_STATUSES = new Set(['CP', 'NA', 'PA', 'RE']);
const DOCUMENT_STATUSES = new Set(['AU', 'DI', 'DO', 'IN', 'IP', 'LA', 'PA']);
/** Table 0323: add, delete, update. */
const ACTIONS = new Set(['', 'A', 'D', 'U']);
/** With these, OBX-5 may be empty. */
const WITHOUT_VALUE = new Set(['D', 'I', 'N', 'O', 'W', 'X']);
const VALUE_TYPES = new Set([
  'CE',
  'CNE',
  'CWE',
  'CX',
  'DT',
  'DTM',
  'ED',
  'EI',
  'FT',
  'NM',
  'SN',
  'ST',
  'TM',
  'TS',
  'TX',
]);

/**
 * Looks for the first defect.
 * @param messageTypes what the EMR takes, as `ORU^R01`
 */
export function findDefect(reading: Hl7Reading, messageTypes: readonly string[]): Hl7Defect | undefined {
  return checkHeader(reading, messageTypes) ?? checkStructure(reading) ?? checkContent(reading);
}

function checkHeader(reading: Hl7Reading, messageTypes: readonly string[]): Hl7Defect | undefined {
  const header = segment(reading, 'MSH');
  const type = component(header, 9, 1);
  const event = component(header, 9, 2);
  const controlId = header?.[10] ?? '';
  if (header?.[2] !== '^~\\&') {
    return error('MSH^1^2', '102', 'encoding characters are not ^~\\&');
  }
  if (!TIMESTAMP.test(component(header, 7))) {
    return error('MSH^1^7', component(header, 7) === '' ? '101' : '102', 'the time of the message is missing or wrong');
  }
  if (controlId === '' || controlId.length > MAX_CONTROL_ID) {
    return error(
      'MSH^1^10',
      controlId === '' ? '101' : '102',
      'the control id is missing or longer than 20 characters',
    );
  }
  if (!messageTypes.includes(`${type}^${event}`)) {
    const knownType = messageTypes.some((known) => known.startsWith(`${type}^`));
    return { ...error('MSH^1^9', knownType ? '201' : '200', 'this type or event is not taken'), answer: 'AR' };
  }
  const structure = component(header, 9, 3);
  if (structure !== '' && structure !== STRUCTURES[`${type}^${event}`]) {
    return error('MSH^1^9', '103', 'the structure is not the one of this type and event');
  }
  if (!['P', 'T', 'D'].includes(component(header, 11))) {
    return { ...error('MSH^1^11', '202', 'the processing id is not one of P, T, D'), answer: 'AR' };
  }
  if (!/^2\.[3-8]/.test(component(header, 12))) {
    return { ...error('MSH^1^12', '203', 'this version is not taken'), answer: 'AR' };
  }
  return undefined;
}

function checkStructure(reading: Hl7Reading): Hl7Defect | undefined {
  const names = reading.segments.map(([name]) => name ?? '');
  const found = findStructureDefect(messageTypeOf(reading), names);
  if (found === undefined) return undefined;
  const text = found.missing ? 'the segment is missing' : 'the segment does not belong here';
  return error(`${found.segment}^1`, '100', text);
}

function checkContent(reading: Hl7Reading): Hl7Defect | undefined {
  const patient = segment(reading, 'PID');
  if (patient === undefined) return error('PID^1', '100', 'the segment is missing');
  if (repetitions(patient, 3).every((id) => id === '')) {
    return error('PID^1^3', '101', 'the patient identifier is missing');
  }
  const counts: Record<string, number> = {};
  let inOrder = 0;
  for (const one of reading.segments) {
    const name = one[0] ?? '';
    const position = (counts[name] = (counts[name] ?? 0) + 1);
    inOrder = name === 'OBR' || name === 'RXA' ? 0 : name === 'OBX' ? inOrder + 1 : inOrder;
    const defect = name === 'OBX' ? checkResult(one, position, inOrder) : checkFields(one, name, position);
    if (defect !== undefined) return defect;
  }
  return messageTypeOf(reading) === 'ORU^R01' && counts['OBX'] === undefined
    ? error('OBX^1', '100', 'the segment is missing')
    : undefined;
}

/** What must be in the segments that carry an order, an administration or a document. */
function checkFields(one: Segment, name: string, position: number): Hl7Defect | undefined {
  for (const [field, holds] of RULES[name] ?? []) {
    const value = component(one, field);
    if (holds(value)) continue;
    const text = value === '' ? 'a required field is missing' : 'the value is not allowed';
    return error(`${name}^${position}^${field}`, value === '' ? '101' : '103', text);
  }
  return undefined;
}

type FieldRule = readonly [field: number, holds: (value: string) => boolean];

const filled = (value: string): boolean => value !== '';
const dated = (value: string): boolean => TIMESTAMP.test(value);
/** `""` is HL7's way to say that there is none (chapter 2). */
const datedOrNone = (value: string): boolean => value === '""' || dated(value);

/** Required fields and their tables: HL7 v2.5.1 chapters 3 (EVN, PV1), 4 (OBR, RXA, RXR) and 9 (TXA). */
const RULES: Readonly<Partial<Record<string, readonly FieldRule[]>>> = {
  EVN: [[2, dated]],
  PV1: [[2, filled]],
  OBR: [[4, filled]],
  RXA: [
    [1, filled],
    [2, filled],
    [3, datedOrNone],
    [4, datedOrNone],
    [5, filled],
    [6, filled],
    [20, (value) => value === '' || ADMINISTRATION_STATUSES.has(value)],
    [21, (value) => ACTIONS.has(value)],
  ],
  RXR: [[1, filled]],
  TXA: [
    [1, filled],
    [2, filled],
    [12, filled],
    [17, (value) => DOCUMENT_STATUSES.has(value)],
  ],
};

function messageTypeOf(reading: Hl7Reading): string {
  const header = segment(reading, 'MSH');
  return `${component(header, 9, 1)}^${component(header, 9, 2)}`;
}

function checkResult(one: Segment, position: number, inOrder: number): Hl7Defect | undefined {
  const at = (field: number): string => `OBX^${position}^${field}`;
  const type = component(one, 2);
  const value = one[5] ?? '';
  const status = component(one, 11);
  // Within the OBR or through the message: both are in use.
  if (component(one, 1) !== String(inOrder) && component(one, 1) !== String(position)) {
    return error(at(1), '102', 'the set id does not count from 1');
  }
  if (component(one, 3) === '') {
    return error(at(3), '101', 'the observation identifier is missing');
  }
  if (!RESULT_STATUSES.has(status)) {
    return error(at(11), status === '' ? '101' : '103', 'the result status is missing or not in table 0085');
  }
  if (value === '') {
    return WITHOUT_VALUE.has(status) ? undefined : error(at(5), '101', 'the value is missing');
  }
  if (!VALUE_TYPES.has(type)) {
    return error(at(2), type === '' ? '101' : '103', 'the value type is missing or not known');
  }
  if (type === 'NM' && !NUMBER.test(value)) {
    return error(at(5), '102', 'the value is not a number');
  }
  const time = component(one, 14);
  return time === '' || TIMESTAMP.test(time) ? undefined : error(at(14), '102', 'the time is wrong');
}

function error(location: string, code: Hl7Defect['code'], text: string): Hl7Defect {
  return { location, code, text, answer: 'AE' };
}
