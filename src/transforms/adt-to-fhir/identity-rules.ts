/** What decides about a message as a whole (message-header.ts, patient-number.ts, read-adt.ts), in words. */
import type { DocumentedRule } from './rule';

export const DOCUMENTED_IDENTITY_RULES: readonly DocumentedRule[] = [
  {
    id: 'msh-9',
    source: 'MSH-9.1, MSH-9.2 (EVN-1 where MSH-9.2 is empty)',
    target: 'the event',
    how: 'ADT, and one of `patientSync.events`, else AR (200, 201). MSH-9.3 is often wrong and decides nothing, nor does EVN-1 beside MSH-9.2',
  },
  {
    id: 'msh-10',
    source: 'MSH-10',
    target: 'which message it is',
    how: 'AE when it is missing, or longer than the 199 characters of v2.7',
  },
  {
    id: 'msh-11',
    source: 'MSH-11.1',
    target: 'whether it counts',
    how: '`patientSync.processingIds`, else AR (202); empty is P',
  },
  {
    id: 'msh-12',
    source: 'MSH-12.1',
    target: 'the version',
    how: '2.1 to 2.8.2, else AR (203); AE when it is missing',
  },
  {
    id: 'evn-2',
    source: 'EVN-2, MSH-7',
    target: 'the order of changes',
    how: 'EVN-2; MSH-7 where EVN-2 is missing or a day alone, and the end of the day where both are. Without offset by `timeZone`, the second of two hours with the same reading. When it came, where that is earlier by more than a minute. AE when one is no time',
  },
  {
    id: 'pid-3',
    source: 'PID-3; in 2.1 to 2.3 PID-2 or PID-4 where PID-3 is empty',
    target: 'Patient.identifier',
    how: 'the first of `patientSync.identifier.type` (CX.5) and `authority` (CX.4); without an authority the only one counts too, unless its type is that of something else (AN, VN, SS …). Under `patientSync.identifier.system`. AE when there is none, or it has more than 64 characters',
  },
  {
    id: 'mrg-1',
    source: 'MRG-1 (A40)',
    target: 'the number that ends',
    how: 'by the rules of PID-3, with the authority and type of PID-3 where it has none. AE when it is missing, of another type than the survivor’s, or has several of the type. With the number of PID-3 there is nothing to merge, and PID is an update',
  },
  {
    id: 'pid',
    source: 'PID',
    target: 'one patient',
    how: 'AE when there is none, or more than one: a merge of several patients is a message for each',
  },
  {
    id: 'header',
    source: 'configuration, constant',
    target: 'MessageHeader',
    how: 'event new-bundle; source.endpoint is `emrOid`, source.software "EMR middleware"; timestamp when it is sent',
  },
];
