/** All tables of rules with the form and the place that they are for: what docs/guide/mapping.md is made of. */
import { OBX_CARRIED } from './carried';
import { OBX_DEVICE } from './device';
import { EVN, OBX_REPORT, TXA } from './mdm';
import { MSH, PCD_MSH } from './msh';
import { NTE } from './nte';
import { OBR } from './obr';
import { OBX, OBX_DELIVERY } from './obx';
import { PCD_OBX, PCD_OBX_MDS } from './pcd';
import { PID, PV1 } from './pid';
import { OBX_RAS_DEVICE, OBX_RAS_NOTE, ORC, RXA, RXR } from './ras';
import type { DocumentedTable } from './segment-table';

export interface DocumentedForm {
  readonly title: string;
  readonly about: string;
  readonly segments: readonly { readonly when: string; readonly table: DocumentedTable }[];
}

export const HL7_FORMS: readonly DocumentedForm[] = [
  {
    title: 'Every message',
    about:
      'Structure: MSH, PID and, when `hl7.visit` is configured, PV1. An MDM has an EVN before PID, and always a PV1.',
    segments: [
      { when: 'HL7 v2.5.1', table: MSH },
      { when: 'always', table: PID },
      { when: 'with `hl7.visit`, and in every MDM', table: PV1 },
    ],
  },
  {
    title: 'ORU^R01: observations',
    about:
      'Glucose, carbohydrates, insulin (unless `hl7.insulin: ras`), other measurements, daily summaries, devices (with `hl7.devices: describe`) and resources without a mapping (with `unmapped: carry`). One OBR for the readings of a message, or with `hl7.grouping: observation` one for each; one for each device; one for carried resources.',
    segments: [
      { when: 'before each group of observations', table: OBR },
      { when: 'for each reading', table: OBX },
      { when: 'after the OBX of insulin, when the sender says how it was given', table: OBX_DELIVERY },
      { when: 'under the OBX of a reading', table: NTE },
      { when: 'for each statement about a device', table: OBX_DEVICE },
      { when: 'for each resource without a mapping', table: OBX_CARRIED },
    ],
  },
  {
    title: 'IHE PCD-01: observations in HL7 v2.6',
    about:
      'With `hl7.version: pcd-01`. What is not listed is as in ORU^R01. The profile knows observations only, so RAS and MDM stay v2.5.1. **The device stands in OBX-18 and not in PRT:** PRT is a segment of HL7 v2.7 that the profile borrows; HAPI’s model of v2.6 refuses a message with it, and OBX-18 is still allowed there.',
    segments: [
      { when: 'HL7 v2.6', table: PCD_MSH },
      { when: 'for each device, before its readings and before its description', table: PCD_OBX_MDS },
      { when: 'for each reading', table: PCD_OBX },
    ],
  },
  {
    title: 'RAS^O17: insulin as administrations',
    about:
      'With `hl7.insulin: ras`: ORC, RXA, RXR and OBX for each dose, up to `maxObservationsPerMessage` in a message. A dose with `<` or `>` stays in the ORU^R01: RXA-6 is a number and would say something else.',
    segments: [
      { when: 'for each dose', table: ORC },
      { when: 'for each dose', table: RXA },
      { when: 'for each dose', table: RXR },
      { when: 'when the sender says how it was given', table: OBX_DELIVERY },
      { when: 'when the device is known', table: OBX_RAS_DEVICE },
      { when: 'for each comment and remark', table: OBX_RAS_NOTE },
    ],
  },
  {
    title: 'MDM: reports',
    about:
      'T02 (MDM_T02) for a new report; T10 (MDM_T02), a replacement, for a later version of one that was delivered; T11 (MDM_T01), a cancellation without content, for a deletion. An NTE under the OBX has the title, since TXA-25 is of v2.7.',
    segments: [
      { when: 'after MSH', table: EVN },
      { when: 'after PV1', table: TXA },
      { when: 'not in T11', table: OBX_REPORT },
    ],
  },
];
