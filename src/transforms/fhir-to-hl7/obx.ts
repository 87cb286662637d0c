/** OBX of a reading: one value at one time. Rules that PCD-01 has otherwise are in pcd.ts. */
import type { Finding, Reading, Value } from '../model/reading';
import type { FieldRule } from '../model/trace';
import { DUCTUS_CODES, isFlag, type V2Code } from './codes';
import { escapeText } from './escape';
import { ce, ceOf, cwe, ei, isLongText, tx } from './fields';
import { instanceIdentifier } from './instance-identifier';
import { from, resultStatus, type ObxContext, type ReadingContext } from './scope';
import { SegmentTable } from './segment-table';

export const OBX_1: FieldRule<{ readonly setId: number }> = {
  id: 'obx-1',
  target: 'OBX-1',
  source: 'counted under each OBR or RXA',
  why: 'v2.5.1 §7.4.2.1',
  write: ({ setId }) => String(setId),
};

export const OBX_4: FieldRule<{ readonly subId: string }> = {
  id: 'obx-4',
  target: 'OBX-4',
  source:
    'position under the OBR; `2.1` for what belongs to reading 2 (Observation.related or hasMember; how insulin was given)',
  why: 'observations of the same code under one OBR need a sub-id, and dots say what belongs together (§7.4.2.4); empty where there is only one',
  write: ({ subId }) => subId,
};

/** The status of an item in table 0085. */
export const OBX_11: FieldRule<Pick<ObxContext, 'item' | 'scope'>> = {
  id: 'obx-11',
  target: 'OBX-11',
  source: 'status of the resource, and what the destination has',
  why: 'F final, P preliminary (also when it changes what was delivered, since C replaces a final result), C corrects what was delivered, D (or W, by configuration) takes back what was delivered (table 0085, §7.4.2.11)',
  from: ({ item: { path } }) => [`${path}.status`],
  write: ({ item, scope }) => {
    const status = resultStatus(item);
    return status === 'D' ? scope.profile.deletionStatus : status;
  },
};

export const OBX_14: FieldRule<ReadingContext> = {
  id: 'obx-14',
  target: 'OBX-14',
  source: 'effective[x]: the time, or the start of the period',
  why: 'when it was measured, with the offset as sent; a clock time without one gets that of the organization’s zone; a day stays a day',
  from: from('start'),
  write: ({ time }) => time?.text ?? '',
};

export const OBX_21: FieldRule<Pick<ObxContext, 'item'>> = {
  id: 'obx-21',
  target: 'OBX-21',
  source: 'the id of the resource, else its identifier',
  why: 'the same in every version, so that the EMR finds what to correct or delete; a field of v2.6 that v2.5.1 leaves free',
  from: ({ item: { path } }) => [`${path}.id`],
  write: ({ item }) => instanceIdentifier(item.reference),
};

/** Rules 2, 5 to 8: the same in v2.5.1 and in PCD-01. */
export const OBX_VALUE = {
  type: {
    id: 'obx-2',
    target: 'OBX-2',
    source:
      'NM for valueQuantity, SN when it has a comparator; CWE for valueCodeableConcept with codes; ST for valueString and for words alone, TX when they have lines or more than 199 characters',
    why: 'a number; with `<` it is a structured numeric, since the number alone would say something else (§7.4.2.2); CWE has room for the sender’s words beside the codes, which CE has not',
    write: ({ reading }) => valueType(reading),
  },
  value: {
    id: 'obx-5',
    target: 'OBX-5',
    source: 'valueQuantity.value, or dosage.dose.value or rate; valueCodeableConcept; valueString',
    why: 'the digits as they came, also zeros at the end; NM has no exponent, so it is written out; two codes, further ones stand in a note; empty in a deletion without a value',
    from: from('value'),
    write: ({ reading: { value, finding } }) =>
      finding !== undefined ? found(finding) : value === undefined ? '' : numeric(value),
  },
  unit: {
    id: 'obx-6',
    target: 'OBX-6',
    source: 'the UCUM code of the quantity',
    why: 'FHIR units are UCUM; the name of that system in table 0396 is UCUM',
    from: from('unit'),
    write: ({ reading: { unit } }) => (unit === undefined ? '' : units(unit)),
  },
  range: {
    id: 'obx-7',
    target: 'OBX-7',
    source: 'referenceRange',
    why: 'the sender’s range, as text',
    from: from('referenceRange'),
    write: ({ reading: { referenceRange } }) => (referenceRange === undefined ? '' : escapeText(referenceRange)),
  },
  flags: {
    id: 'obx-8',
    target: 'OBX-8',
    source: 'interpretation',
    why: 'FHIR took its codes from table 0078, so they are the same; others stand in a note',
    from: from('interpretation'),
    write: ({ reading: { interpretation } }) =>
      interpretation === undefined
        ? ''
        : interpretation
            .filter(isFlag)
            .map(({ code }) => code)
            .join('~'),
  },
} as const satisfies Readonly<Record<string, FieldRule<ReadingContext>>>;

/** OBX of a reading in HL7 v2.5.1. */
export const OBX = new SegmentTable<ReadingContext>([
  OBX_1,
  OBX_VALUE.type,
  {
    id: 'obx-3',
    target: 'OBX-3',
    source: 'code (insulin: medicationCodeableConcept): the main code and one alternate, or the sender’s own words',
    why: 'the sender’s statement, unaltered; LOINC first, a code map may put a hospital’s own before it; what there is no room for stands in a note',
    from: from('codes'),
    write: ({ reading }) => ceOf(reading.codes, reading.codeText),
  },
  OBX_4,
  OBX_VALUE.value,
  OBX_VALUE.unit,
  OBX_VALUE.range,
  OBX_VALUE.flags,
  OBX_11,
  OBX_14,
  {
    id: 'obx-18',
    target: 'OBX-18',
    source: 'the Device behind device → DeviceMetric → DeviceComponent: its identifier',
    why: 'the thing in the patient’s hand (§7.4.2.18)',
    from: from('device'),
    write: ({ reading: { device } }) => (device === undefined ? '' : ei(device.value, '', device.system)),
  },
  OBX_21,
]);

/** How insulin was given, as an observation beside the dose. */
export const INSULIN_DELIVERY: V2Code = {
  code: 'INS-DELIVERY',
  text: 'How insulin was given',
  system: DUCTUS_CODES,
};

/** The second OBX of insulin. It has an OBX-21 of its own, as the definition of that field wants: unique to an instance. */
export const OBX_DELIVERY = new SegmentTable<ReadingContext>([
  OBX_1,
  {
    id: 'delivery-obx-2',
    target: 'OBX-2',
    source: 'constant',
    why: 'a code; v2.6 calls the type CWE and no longer has CE',
    write: ({ scope }) => (scope.isPcd ? 'CWE' : 'CE'),
  },
  {
    id: 'delivery-obx-3',
    target: 'OBX-3',
    source: 'constant',
    why: 'no public code system has a code for “bolus, basal or syringe” as an observation, so it is a local one',
    write: () => ce(INSULIN_DELIVERY),
  },
  OBX_4,
  {
    id: 'delivery-obx-5',
    target: 'OBX-5',
    source: 'extension medication-administration-dosage/admin-type',
    why: 'bolusStd, bolusExt, bolusMul and basal of Roche’s own code system (99RDC), or SNOMED 61968008, syringe',
    from: from('adminType'),
    write: ({ reading: { insulin } }) => (insulin?.adminType === undefined ? '' : ceOf([insulin.adminType])),
  },
  OBX_11,
  OBX_14,
  {
    id: 'delivery-obx-21',
    target: 'OBX-21',
    source: 'the id of the resource and `#admin-type`',
    why: 'unique, and the same in every version: a correction or deletion sends both OBX again, so that the EMR finds both',
    from: ({ item: { path } }) => [`${path}.id`],
    write: ({ item }) => instanceIdentifier(item.reference, '#admin-type'),
  },
]);

export function units(unit: string): string {
  const escaped = escapeText(unit);
  return `${escaped}^${escaped}^UCUM`;
}

function valueType({ value, finding }: Reading): string {
  if (finding === undefined) return value?.comparator === undefined ? 'NM' : 'SN';
  if (finding.kind === 'codes') return 'CWE';
  return isLongText(finding.text) ? 'TX' : 'ST';
}

function found(finding: Finding): string {
  if (finding.kind === 'codes') return cwe(finding.codes, finding.words);
  return isLongText(finding.text) ? tx(finding.text) : escapeText(finding.text);
}

function numeric({ number, comparator }: Value): string {
  return comparator === undefined ? number : `${comparator}^${number}`;
}
