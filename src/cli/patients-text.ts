/** How `ductus patients` prints: tables for people, a JSON object a line for programs. */
import type { PatientChangeView, RegisteredPatient, WorklistEntry } from '../queries/patient-registry';
import type { PatientsSummary, PatientView } from '../queries/patients';
import type { PatientDetails } from '../runtime/patient-registry';
import { printable, table, time } from './output';

const NOBODY = 'There are no patients.';

export function summaryTable(systems: readonly PatientsSummary[]): string {
  const rows = systems.map((each) => [
    each.organization,
    each.sourceSystem,
    String(each.patients),
    String(each.registered),
    String(each.active),
    String(each.parked),
    `${String(each.consentGiven)}/${String(each.consentWithdrawn)}/${String(each.consentMissing)}`,
    time(each.updatedAt),
  ]);
  const headers = [
    'ORGANIZATION',
    'SYSTEM',
    'PATIENTS',
    'REGISTERED',
    'AT ROCHE',
    'PARKED',
    'CONSENT YES/NO/?',
    'CHANGED',
  ];
  return table(headers, rows, NOBODY);
}

export function numbersTable(found: readonly PatientView[]): string {
  const rows = found.map((each) => [
    each.sourceSystem,
    each.sourceValue,
    each.mrn ?? '-',
    each.assigningAuthority ?? '',
    each.identifierType ?? '',
    each.state ?? '-',
    each.consent ?? '-',
    `${time(each.updatedAt)}${each.updatedBy === null ? '' : ` by ${each.updatedBy}`}`,
  ]);
  return table(['SYSTEM', 'NUMBER', 'MRN', 'AUTHORITY', 'TYPE', 'STATE', 'CONSENT', 'CHANGED'], rows, NOBODY);
}

export function registeredTable(found: readonly RegisteredPatient[]): string {
  const rows = found.map((each) => [
    each.workflowId,
    each.state,
    each.parked === 0 ? '' : String(each.parked),
    each.consent,
    time(each.consentFrom),
    time(each.consentUntil),
    time(each.updatedAt),
  ]);
  return table(['PATIENT', 'STATE', 'PARKED', 'CONSENT', 'FROM', 'UNTIL', 'CHANGED'], rows, NOBODY);
}

export function worklistTable(found: readonly WorklistEntry[]): string {
  const withNumbers = found.some(({ number }) => number !== undefined);
  const rows = found.map((each) => [
    time(each.at),
    printable(each.controlId ?? '-'),
    each.kind === 'merged' ? 'Roche still has a merged patient' : `${each.code ?? ''} ${each.event ?? ''}`,
    printable(each.element ?? '-'),
    printable(each.kind === 'merged' ? `leads to ${each.mergedInto ?? '?'}` : (each.message ?? '')),
    ...(withNumbers ? [each.system ?? '-', each.number ?? '-'] : []),
    each.workflowId,
  ]);
  const headers = ['AT', 'MSH-10', 'WHAT', 'ELEMENT', 'WHY', ...(withNumbers ? ['SYSTEM', 'NUMBER'] : []), 'PATIENT'];
  return table(headers, rows, 'The registration desk has nothing to put right.');
}

/** One object for a program. */
export function detailsJson({ numbers, registry, changes }: PatientDetails): object {
  return { ...numbers, registry, changes };
}

export function detailsText({ numbers, registry, changes }: PatientDetails): string {
  const line = (name: string, text: string): string => `  ${name.padEnd(14)} ${text}`;
  return [
    registry === null ? 'Not in the registry: the HIS has sent nothing about this number.' : registry.workflowId,
    ...(numbers === undefined
      ? []
      : [
          line(
            'number',
            `${numbers.sourceValue} (${numbers.sourceSystem === '' ? 'no system' : numbers.sourceSystem})`,
          ),
          line(
            'in the EMR',
            numbers.mrn === null
              ? 'no entry in the cross-reference'
              : `${numbers.mrn}${hd(numbers)}, ${time(numbers.updatedAt)} by ${numbers.updatedBy ?? '?'}`,
          ),
        ]),
    ...(registry === null
      ? []
      : [
          line(
            'state',
            `${registry.state}${registry.mergedInto === null ? '' : `, leads to ${registry.mergedInto}`}${registry.parked === 0 ? '' : `, ${String(registry.parked)} parked`}`,
          ),
          line('at Roche', `patient ${registry.rochePatientId ?? '-'}, bundle ${registry.rocheBundleId ?? '-'}`),
          line(
            'consent',
            `${registry.consent}${registry.consentFrom === null ? '' : `, from ${time(registry.consentFrom)}`}${registry.consentUntil === null ? '' : `, until ${time(registry.consentUntil)}`}${registry.consentAt === null ? '' : ` (entered ${time(registry.consentAt)} by ${registry.consentBy ?? '?'})`}`,
          ),
          line('accepted last', registry.versionAt === null ? '-' : `the state of ${time(registry.versionAt)}`),
          changes.length === 0 ? line('messages', 'none') : `\n${changesTable(changes)}`,
        ]),
  ].join('\n');
}

function hd({ assigningAuthority, identifierType }: PatientView): string {
  const parts = [assigningAuthority, identifierType].filter((part) => part !== null && part !== '');
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function changesTable(changes: readonly PatientChangeView[]): string {
  const rows = changes.map((each) => [
    time(each.receivedAt),
    each.source,
    printable(each.controlId),
    each.event,
    each.state,
    printable([each.code, each.element, each.message].filter((part) => part !== null).join(' ')),
  ]);
  return table(['RECEIVED', 'FROM', 'MSH-10', 'EVENT', 'STATE', 'WHY'], rows, '');
}
