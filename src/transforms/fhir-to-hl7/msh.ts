/** MSH: which form the message has, who sends it, and how it is answered. */
import type { Hl7Profile } from '../model/profile';
import type { FieldRule } from '../model/trace';
import { escapeText } from './escape';
import { hd } from './fields';
import { SegmentTable } from './segment-table';

export interface HeaderContext {
  /** MSH-9. */
  readonly type: string;
  readonly profile: Hl7Profile;
  /** MSH-7. */
  readonly createdAt: string;
  /** Empty until the rest of the message is known. */
  readonly controlId: string;
}

/** The message type of observations. */
export const ORU = 'ORU^R01^ORU_R01';

const COMMON: readonly FieldRule<HeaderContext>[] = [
  { id: 'msh-1', target: 'MSH-1', source: 'constant', why: 'the field separator (v2.5.1 §2.15.9.1)', write: () => '|' },
  {
    id: 'msh-2',
    target: 'MSH-2',
    source: 'constant',
    why: 'the recommended encoding characters (§2.15.9.2); what stands in texts is escaped (§2.7)',
    write: () => '^~\\&',
  },
  {
    id: 'msh-3',
    target: 'MSH-3',
    source: 'configuration: hl7.sendingApplication',
    why: 'who sends, as the EMR knows it',
    write: ({ profile }) => hd(profile.sendingApplication),
  },
  {
    id: 'msh-4',
    target: 'MSH-4',
    source: 'configuration: hl7.sendingFacility',
    why: 'where the data is from',
    write: ({ profile }) => hd(profile.sendingFacility),
  },
  {
    id: 'msh-5',
    target: 'MSH-5',
    source: 'configuration: hl7.receivingApplication',
    why: 'many interface engines route by it',
    write: ({ profile }) => hd(profile.receivingApplication),
  },
  {
    id: 'msh-6',
    target: 'MSH-6',
    source: 'configuration: hl7.receivingFacility',
    why: 'many interface engines route by it',
    write: ({ profile }) => hd(profile.receivingFacility),
  },
  {
    id: 'msh-7',
    target: 'MSH-7',
    source: 'time of the notification, UTC',
    why: 'the transform has no clock: the same input gives the same bytes',
    write: ({ createdAt }) => createdAt,
  },
  {
    id: 'msh-9',
    target: 'MSH-9',
    source: 'constant of the form',
    why: 'type, event and structure (tables 0076, 0003, 0354)',
    write: ({ type }) => type,
  },
  {
    id: 'msh-10',
    target: 'MSH-10',
    source: 'hash of all other bytes, and of organization, notification and destination',
    why: 'a repeat has the same id, changed content another one; 20 characters are the most (§2.15.9.10)',
    write: ({ controlId }) => controlId,
  },
  {
    id: 'msh-11',
    target: 'MSH-11',
    source: 'configuration: hl7.processingId',
    why: 'production, training or debugging (table 0103)',
    write: ({ profile }) => profile.processingId,
  },
];

const CHARACTER_SET: FieldRule<HeaderContext> = {
  id: 'msh-18',
  target: 'MSH-18',
  source: 'configuration: hl7.characterSet',
  why: 'always said, never left to a default (table 0211)',
  write: ({ profile }) => escapeText(profile.characterSet),
};

/** MSH of HL7 v2.5.1. MSH-15 and MSH-16 stay empty: original mode, one acknowledgment from the application (§2.9.2). */
export const MSH = new SegmentTable<HeaderContext>([
  ...COMMON,
  {
    id: 'msh-12',
    target: 'MSH-12',
    source: 'constant',
    why: 'the version that the segments follow (table 0104)',
    write: () => '2.5.1',
  },
  CHARACTER_SET,
]);

/** MSH of IHE PCD-01. */
export const PCD_MSH = new SegmentTable<HeaderContext>([
  ...COMMON,
  {
    id: 'pcd-msh-12',
    target: 'MSH-12',
    source: 'constant',
    why: 'PCD-01 is a profile of HL7 v2.6 (IHE PCD TF-2)',
    write: () => '2.6',
  },
  {
    id: 'pcd-msh-15',
    target: 'MSH-15',
    source: 'constant',
    why: 'NE: no separate acknowledgment of the reception (table 0155)',
    write: () => 'NE',
  },
  {
    id: 'pcd-msh-16',
    target: 'MSH-16',
    source: 'constant',
    why: 'AL: always one from the application; only that says that the EMR has taken the data',
    write: () => 'AL',
  },
  CHARACTER_SET,
  {
    id: 'pcd-msh-21',
    target: 'MSH-21',
    source: 'constant',
    why: 'the identifier of the profile (IHE PCD TF-2)',
    write: () => 'IHE_PCD_ORU_R01^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO',
  },
]);

/** PCD-01 defines observations only: pharmacy and document messages stay v2.5.1. */
export function headerTable(version: Hl7Profile['version'], type: string): SegmentTable<HeaderContext> {
  return version === 'pcd-01' && type === ORU ? PCD_MSH : MSH;
}
