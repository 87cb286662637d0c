/**
 * The elements of R4 (hl7.org/fhir/R4, resource pages): a server refuses a whole transaction for one element that its
 * version does not have, so what is not in these lists becomes an extension.
 */

/** Types that this form writes as resources; others travel inside a DocumentReference. */
export type R4Type = 'Observation' | 'MedicationAdministration' | 'Medication' | 'Device' | 'DeviceMetric' | 'Patient';

const COMMON = words('resourceType id meta implicitRules language text contained extension modifierExtension');

export const R4_ELEMENTS: Readonly<Record<R4Type, ReadonlySet<string>>> = {
  Observation: elements(
    'identifier basedOn partOf status category code subject focus encounter effectiveDateTime effectivePeriod ' +
      'effectiveTiming effectiveInstant issued performer valueQuantity valueCodeableConcept valueString valueBoolean ' +
      'valueInteger valueRange valueRatio valueSampledData valueTime valueDateTime valuePeriod dataAbsentReason ' +
      'interpretation note bodySite method specimen device referenceRange hasMember derivedFrom component',
  ),
  MedicationAdministration: elements(
    'identifier instantiates partOf status statusReason category medicationCodeableConcept medicationReference ' +
      'subject context supportingInformation effectiveDateTime effectivePeriod performer reasonCode reasonReference ' +
      'request device note dosage eventHistory',
  ),
  Medication: elements('identifier code status manufacturer form amount ingredient batch'),
  Device: elements(
    'identifier definition udiCarrier status statusReason distinctIdentifier manufacturer manufactureDate ' +
      'expirationDate lotNumber serialNumber deviceName modelNumber partNumber type specialization version property ' +
      'patient owner contact location url note safety parent',
  ),
  DeviceMetric: elements(
    'identifier type unit source parent operationalStatus color category measurementPeriod calibration',
  ),
  Patient: elements(
    'identifier active name telecom gender birthDate deceasedBoolean deceasedDateTime address maritalStatus ' +
      'multipleBirthBoolean multipleBirthInteger photo contact communication generalPractitioner ' +
      'managingOrganization link',
  ),
};

/** Elements that repeat in R4 where STU3, or a sloppy sender, has one. */
export const R4_LISTS: Readonly<Record<R4Type, ReadonlySet<string>>> = {
  Observation: words('identifier category interpretation note performer hasMember derivedFrom component'),
  MedicationAdministration: words('identifier statusReason performer reasonCode device note'),
  Medication: words('ingredient'),
  Device: words('identifier udiCarrier deviceName version note'),
  DeviceMetric: words('identifier calibration'),
  Patient: words('identifier name telecom address'),
};

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}

/** With the members that hold an id or extensions of a primitive element (`_status`, FHIR JSON). */
function elements(list: string): ReadonlySet<string> {
  return new Set([...COMMON, ...words(list)].flatMap((name) => [name, `_${name}`]));
}
