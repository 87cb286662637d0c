/** Where the elements of a transaction come from: the rules, and the lineage of an entry. */
import type { FieldRule, Trace } from '../model/trace';
import { isObject, toJson } from '../fhir-bundle/lossless-json';
import type { Made, Place } from './entry';
import type { Draft } from './conversion';

/** A rule of this form. Elements are made where the type is converted; the table says what they are made of and why. */
export type FhirRule = Pick<FieldRule<never>, 'id' | 'target' | 'source' | 'why'>;

export const FHIR_RULES = [
  {
    id: 'fhir-copied',
    target: 'Bundle.entry.resource',
    source: 'the resource',
    why: 'every element that R4 has under the same name is copied with its digits and its text',
  },
  {
    id: 'fhir-renamed',
    target: 'encounter, request, statusReason, modelNumber, dosage.rateQuantity, ingredient.strength, patient-animal',
    source: 'context, prescription, reasonNotGiven, model, dosage.rateSimpleQuantity, ingredient.amount, animal',
    why: 'R4 has another name for the same statement (HL7 maps from STU3 to R4)',
  },
  {
    id: 'fhir-comment',
    target: 'Observation.note',
    source: 'Observation.comment',
    why: 'R4 has notes instead of one comment',
  },
  {
    id: 'fhir-related',
    target: 'Observation.hasMember, derivedFrom, extension',
    source: 'Observation.related',
    why: 'has-member and derived-from are elements of R4; sequel-to and replaces are extensions of it',
  },
  {
    id: 'fhir-interpretation',
    target: 'Observation.interpretation',
    source: 'Observation.interpretation',
    why: 'a list in R4',
  },
  {
    id: 'fhir-not-given',
    target: 'MedicationAdministration.status',
    source: 'MedicationAdministration.notGiven',
    why: 'R4 has a status not-done instead of a flag',
  },
  {
    id: 'fhir-udi',
    target: 'Device.udiCarrier, deviceName',
    source: 'Device.udi',
    why: 'R4 names a carrier by itself',
  },
  { id: 'fhir-version', target: 'Device.version', source: 'Device.version', why: 'a list of versions in R4' },
  {
    id: 'fhir-component-of',
    target: 'Device.parent',
    source: 'DeviceComponent.source',
    why: 'R4 has no DeviceComponent: a part is a Device with a parent',
  },
  {
    id: 'fhir-specification',
    target: 'Device.serialNumber, partNumber, version',
    source: 'DeviceComponent.productionSpecification',
    why: 'R4 has elements for them',
  },
  {
    id: 'fhir-kept',
    target: 'extension urn:ductus:stu3:…',
    source: 'an element that R4 does not have',
    why: 'nothing is dropped, and a server refuses elements that it does not know',
  },
  {
    id: 'fhir-profile',
    target: 'meta.tag',
    source: 'meta.profile',
    why: 'profiles of STU3 would be checked by an R4 server; as tags they can be searched for',
  },
  {
    id: 'fhir-time',
    target: 'dateTime, instant',
    source: 'a time without offset or seconds',
    why: 'R4 wants both; the zone is that of the organization',
  },
  {
    id: 'fhir-status',
    target: 'status',
    source: 'status, and what the destination has',
    why: 'a deletion is entered-in-error, a final value that replaces another is corrected',
  },
  {
    id: 'fhir-code',
    target: 'code.coding, medicationCodeableConcept',
    source: 'code, and the code maps of the destination',
    why: 'added codes stand in front, the codes that were sent behind them',
  },
  {
    id: 'fhir-converted',
    target: 'valueQuantity, dosage.dose',
    source: 'the quantity, and the unit that the destination wants',
    why: 'the value that was sent stands in a note',
  },
  {
    id: 'fhir-unit',
    target: 'valueQuantity.code',
    source: 'unit',
    why: 'the UCUM code of a unit that was only a label',
  },
  {
    id: 'fhir-remark',
    target: 'note',
    source: 'what Ductus did',
    why: 'a conversion, or a time that had to be interpreted, is said beside the value',
  },
  {
    id: 'fhir-device',
    target: 'device',
    source: 'device',
    why: 'a device of which only the number is known gets an entry of its own',
  },
  {
    id: 'fhir-patient',
    target: 'Patient',
    source: 'the Patient, or the reference to it; the patient registry',
    why: 'made only when the server has no patient with this identifier',
  },
  {
    id: 'fhir-made',
    target: 'Observation, DocumentReference',
    source: 'a summary, a document, a resource of another type',
    why: 'R4 has no resource of the same kind to copy',
  },
] as const satisfies readonly FhirRule[];

/** Adds what is known of an entry: a line for each element that is no copy, and one for the rest. */
export function traceEntry(trace: Trace, position: number, { source }: Place, { resource, changes, path }: Made): void {
  const target = `Bundle.entry[${position}].resource`;
  for (const { rule, element, from } of changes) {
    trace.add({
      target: `${target}.${element}`,
      text: textAt(resource, element),
      rule: `fhir-${rule}`,
      from: from.map((name) => `${path}.${name}`),
    });
  }
  const isMade =
    source.kind === 'item' && (source.item.kind === 'summary' || resource['resourceType'] === 'DocumentReference');
  const rule =
    source.kind === 'patient'
      ? 'fhir-patient'
      : source.kind === 'device'
        ? 'fhir-device'
        : isMade
          ? 'fhir-made'
          : 'fhir-copied';
  trace.add({ target, text: toJson(resource), rule, from: path === '' ? [] : [path] });
}

/** JSON of the element, by a path as in `note[1]` or `dosage.dose`. */
function textAt(resource: Draft, element: string): string {
  let value: unknown = resource;
  for (const step of element.split('.')) {
    const [, name = step, index] = /^([^[]+)(?:\[(\d+)\])?$/.exec(step) ?? [];
    value = isObject(value) ? value[name] : undefined;
    if (index !== undefined) value = Array.isArray(value) ? value[Number(index)] : undefined;
  }
  return value === undefined ? '' : toJson(value);
}
