/** What this EMR asks of a message before it takes it: HL7 v2.5.1 for ORU^R01, as far as an EMR usually looks. */
import { component, repetitions, segment } from './hl7-reading';
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
/** Of ORU_R01 and RAS_O17 (HL7 v2.5.1 chapters 7 and 4). */
const SEGMENTS = new Set(
  'MSH SFT PID PD1 NTE NK1 PV1 PV2 ORC OBR TQ1 TQ2 CTD OBX FT1 CTI SPM DSC AL1 RXO RXR RXC RXE RXA'.split(' '),
);
/** With these, OBX-5 may be empty. */
const WITHOUT_VALUE = new Set(['D', 'I', 'N', 'O', 'W', 'X']);
const VALUE_TYPES = new Set(['CE', 'CWE', 'CX', 'DT', 'ED', 'FT', 'NM', 'SN', 'ST', 'TM', 'TS', 'TX']);

/**
 * Looks for the first defect.
 * @param messageTypes what the EMR takes, as `ORU^R01`
 */
export function findDefect(reading: Hl7Reading, messageTypes: readonly string[]): Hl7Defect | undefined {
  return checkHeader(reading, messageTypes) ?? checkPatient(reading) ?? checkResults(reading);
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
  if (!['P', 'T', 'D'].includes(component(header, 11))) {
    return { ...error('MSH^1^11', '202', 'the processing id is not one of P, T, D'), answer: 'AR' };
  }
  if (!/^2\.[3-8]/.test(component(header, 12))) {
    return { ...error('MSH^1^12', '203', 'this version is not taken'), answer: 'AR' };
  }
  return undefined;
}

function checkPatient(reading: Hl7Reading): Hl7Defect | undefined {
  const patient = segment(reading, 'PID');
  const names = reading.segments.map(([name]) => name ?? '');
  const unexpected = names.findIndex((name, index) => index > 0 && !SEGMENTS.has(name) && !name.startsWith('Z'));
  if (unexpected >= 0) {
    return error(`${names[unexpected] ?? ''}^1`, '100', 'the segment does not belong here');
  }
  if (names.indexOf('PID') > names.findIndex((name) => name === 'OBR' || name === 'ORC' || name === 'OBX')) {
    return error('PID^1', '100', 'the segment has to come before the results');
  }
  if (patient === undefined) {
    return error('PID^1', '100', 'the segment is missing');
  }
  if (repetitions(patient, 3).every((id) => id === '')) {
    return error('PID^1^3', '101', 'the patient identifier is missing');
  }
  return undefined;
}

function checkResults(reading: Hl7Reading): Hl7Defect | undefined {
  if (component(segment(reading, 'MSH'), 9) !== 'ORU') {
    return undefined;
  }
  let orders = 0;
  let inOrder = 0;
  let results = 0;
  for (const one of reading.segments) {
    if (one[0] === 'OBR') {
      orders += 1;
      inOrder = 0;
      if (component(one, 4) === '') {
        return error(`OBR^${orders}^4`, '101', 'the service identifier is missing');
      }
    } else if (one[0] === 'OBX') {
      results += 1;
      inOrder += 1;
      if (orders === 0) {
        return error(`OBX^${results}`, '100', 'the segment stands before any OBR');
      }
      const defect = checkResult(one, results, inOrder);
      if (defect !== undefined) {
        return defect;
      }
    }
  }
  if (orders === 0) {
    return error('OBR^1', '100', 'the segment is missing');
  }
  return results === 0 ? error('OBX^1', '100', 'the segment is missing') : undefined;
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
