/** An ADT message, read to where it can be taken: whose it is, what it says, and whether the mapping can use it. */
import { DuctusError } from '../../domain/errors';
import { readControl, type Hl7Control } from '../../protocols/hl7-v2/control';
import { Hl7Message, type Hl7Segment } from '../../protocols/hl7-v2/message';
import type { AdtReading, Hl7Problem, PatientSyncSettings, ReadChange } from './contract';
import { readDiagnosis } from './diagnosis-rules';
import { readMessageHeader, type HeaderFacts } from './message-header';
import { minimalHl7 } from './minimal-hl7';
import { readNumber, readPriorNumber, type FoundNumber } from './patient-number';
import { refusePatient } from './patient-rules';
import { missing, problem, unknownCode } from './problems';

/** Events by which a HIS brings a patient in (SPECS §6.1); the others are about one who is there. */
const NEW_PATIENT: ReadonlySet<string> = new Set(['A01', 'A04', 'A05', 'A28']);

/**
 * Reads a decoded HL7 v2 ADT message. What it gives as content, read again, gives the same.
 * @param text segments ended by CR; without the frame of MLLP
 * @returns the change, or why it is not taken; never throws
 */
export function readAdt(text: string, settings: PatientSyncSettings): AdtReading {
  const message = parse(text);
  if (message === undefined) {
    return {
      ok: false,
      refusal: {
        ...problem(
          '100',
          { segment: 'MSH', sequence: 1 },
          'What came is no HL7 v2 message: MSH and its delimiters are missing',
        ),
        control: undefined,
      },
    };
  }
  const control = readControl(message);
  const reading = readMessage(message, settings);
  return 'answer' in reading ? refuse(reading, control) : { ok: true, change: reading, control };
}

function parse(text: string): Hl7Message | undefined {
  try {
    return new Hl7Message(text);
  } catch (error) {
    if (error instanceof DuctusError) return undefined;
    throw error;
  }
}

function readMessage(message: Hl7Message, settings: PatientSyncSettings): ReadChange | Hl7Problem {
  const header = readMessageHeader(message, settings);
  if (!header.ok) return header.problem;
  const { facts } = header;
  const [pid, second] = message.all('PID');
  if (pid === undefined) return missing({ segment: 'PID', sequence: 1 }, 'The message has no PID segment');
  if (second !== undefined) return problem('100', { segment: 'PID', sequence: 2 }, SEVERAL_PATIENTS);

  const number = readNumber(pid, facts.version, settings.identifier);
  if (!number.ok) return number.problem;
  const prior = facts.event === 'A40' ? readMerge(message, number.found, settings) : undefined;
  if (prior !== undefined && 'answer' in prior) return prior;

  const refused = refusePatient(pid);
  if (refused !== undefined) return refused;
  const diagnoses = message.all('DG1').filter((dg1) => readDiagnosis(dg1, settings) !== undefined);
  return (
    refuseWithoutCondition(message, diagnoses, facts, settings) ??
    changeOf(message, { facts, pid, number: number.found, prior, diagnoses })
  );
}

/**
 * One message gets one answer; of two patients one could be taken and the other not. Systems that merge several patients
 * send an A40 for each.
 */
const SEVERAL_PATIENTS = 'The message has more than one PID segment; send a message for each patient';

function readMerge(
  message: Hl7Message,
  survivor: FoundNumber,
  settings: PatientSyncSettings,
): FoundNumber | Hl7Problem {
  const [mrg, second] = message.all('MRG');
  if (mrg === undefined) {
    return missing(
      { segment: 'MRG', sequence: 1, field: 1 },
      'A merge (A40) has no MRG segment; MRG-1 names the number that ends',
    );
  }
  if (second !== undefined)
    return problem(
      '100',
      { segment: 'MRG', sequence: 2 },
      'The merge has more than one MRG segment; send a merge for each',
    );
  const prior = readPriorNumber(mrg, survivor.number, settings.identifier);
  return prior.ok ? prior.found : prior.problem;
}

function refuseWithoutCondition(
  message: Hl7Message,
  diagnoses: readonly Hl7Segment[],
  { event }: HeaderFacts,
  settings: PatientSyncSettings,
): Hl7Problem | undefined {
  if (!settings.requireCondition || !NEW_PATIENT.has(event)) return undefined;
  if (diagnoses.some((dg1) => readDiagnosis(dg1, settings)?.kind === 'active')) return undefined;
  if (message.first('DG1') === undefined) {
    return missing(
      { segment: 'DG1', sequence: 1 },
      'A new patient has no DG1 segment; a diagnosis of diabetes is required',
    );
  }
  return unknownCode(
    { segment: 'DG1', sequence: 1, field: 3 },
    'No DG1 of the new patient is a diagnosis of diabetes (DG1-3, DG1-6, DG1-21); one is required',
  );
}

function changeOf(message: Hl7Message, parts: Parameters<typeof minimalHl7>[1]): ReadChange {
  const { facts, number, prior } = parts;
  // Some systems send A40 for accounts of one patient: then there is nothing to merge, and PID says how the patient is.
  const isMerge = prior !== undefined && !isSame(prior, number);
  return {
    event: facts.event,
    kind: isMerge ? 'merge' : 'upsert',
    controlId: facts.controlId,
    ...(facts.eventAtMs === undefined ? {} : { eventAtMs: facts.eventAtMs }),
    number: number.number,
    ...(isMerge ? { prior: prior.number } : {}),
    content: { form: 'hl7', text: minimalHl7(message, parts) },
  };
}

function isSame({ number: one }: FoundNumber, { number: other }: FoundNumber): boolean {
  return one.value === other.value && one.namespace === other.namespace;
}

function refuse(why: Hl7Problem, control: Hl7Control): AdtReading {
  return { ok: false, refusal: { ...why, control } };
}
