/**
 * The elements of each resource type that a mapping reads, and those that may go with the reason why. What is in no table
 * is named as unread (unread.ts).
 */

/** `read`, or why it may go. Members of elements that are tables themselves are looked at too. */
export type Known = ReadonlyMap<string, Treatment>;
type Treatment = string | Table;
interface Table {
  readonly inside: Known;
}

const READ = 'read';

const table = (entries: Readonly<Record<string, Treatment>>): Table => ({
  inside: new Map(Object.entries(entries)),
});

const CODING = table({
  system: READ,
  code: READ,
  display: READ,
  version: 'codes of LOINC and SNOMED CT keep their meaning',
  userSelected: 'how it was picked on a screen',
});
const CONCEPT = table({ coding: CODING, text: READ });
const QUANTITY = table({ value: READ, comparator: READ, unit: READ, system: READ, code: READ });
const REFERENCE = table({
  reference: READ,
  identifier: READ,
  type: 'said by the reference',
  display: 'a label of what is found by the reference',
});
const PERIOD = table({ start: READ, end: READ });
const NOTE = table({ text: READ });
/** `security` is not among these: a label that restricts who may see it must not get lost. */
const META = table({
  versionId: READ,
  lastUpdated: READ,
  profile: READ,
  tag: 'for workflow at the sender',
  source: 'where the sender has it from',
});

/** What every resource may have. */
const RESOURCE: Readonly<Record<string, Treatment>> = {
  resourceType: READ,
  id: READ,
  meta: META,
  identifier: READ,
  implicitRules: 'names an agreement between systems, none of the content',
  language: 'of texts that are read as they are',
  // What follows is looked at by itself (see `more`).
  text: 'narrative of the same content',
  contained: 'read by way of references',
  extension: READ,
  modifierExtension: READ,
};

/** Who did it, on whose order, and when it was filed: of the sender's organisation, not of the measurement. */
const ADMINISTRATIVE: Readonly<Record<string, Treatment>> = {
  category: 'a group for display, said by the code',
  context: 'the visit at the sender, which the receiver does not know',
  encounter: 'the visit at the sender, which the receiver does not know',
  issued: 'when it was published, not when it was measured',
  performer: 'the person; the message is about what the person measured',
  basedOn: 'an order at the sender',
  partOf: 'a procedure at the sender',
};

const observation = (value: Readonly<Record<string, Treatment>>): Known =>
  table({
    ...RESOURCE,
    ...ADMINISTRATIVE,
    status: READ,
    code: CONCEPT,
    subject: REFERENCE,
    effectiveDateTime: READ,
    effectiveInstant: READ,
    effectivePeriod: PERIOD,
    ...value,
    comment: READ,
    note: NOTE,
    device: REFERENCE,
    component: READ,
    // Named by who reads them, when a part of them is not read.
    interpretation: READ,
    referenceRange: READ,
    related: READ,
    hasMember: READ,
  }).inside;

/** By what is read as the value; another one beside it is named. */
export const OBSERVATIONS = {
  valueQuantity: observation({ valueQuantity: QUANTITY }),
  valueCodeableConcept: observation({ valueCodeableConcept: CONCEPT }),
  valueString: observation({ valueString: READ }),
} as const;
export type ObservationValue = keyof typeof OBSERVATIONS;

const DOSAGE = table({ dose: QUANTITY, extension: READ, modifierExtension: READ });
const RATE = table({ rateQuantity: QUANTITY, rateSimpleQuantity: QUANTITY, extension: READ, modifierExtension: READ });
const RATIO = table({
  rateRatio: table({ numerator: QUANTITY, denominator: QUANTITY }),
  extension: READ,
  modifierExtension: READ,
});

const administration = (dosage: Table): Known =>
  table({
    ...RESOURCE,
    ...ADMINISTRATIVE,
    status: READ,
    notGiven: READ,
    medicationCodeableConcept: CONCEPT,
    medicationReference: REFERENCE,
    subject: REFERENCE,
    effectiveDateTime: READ,
    effectivePeriod: PERIOD,
    note: NOTE,
    device: REFERENCE,
    dosage,
    definition: 'a protocol at the sender',
    instantiates: 'a protocol at the sender',
    prescription: 'an order at the sender',
    request: 'an order at the sender',
    eventHistory: 'who changed it at the sender',
  }).inside;

/** By what is read of the dosage; the other amount is named, since the reading has room for one. */
export const ADMINISTRATIONS = {
  dose: administration(DOSAGE),
  rateQuantity: administration(RATE),
  rateSimpleQuantity: administration(RATE),
  rateRatio: administration(RATIO),
} as const;
export type DoseElement = keyof typeof ADMINISTRATIONS;

const UDI = table({
  deviceIdentifier: READ,
  carrierHRF: READ,
  name: READ,
  jurisdiction: 'who issued the number',
  issuer: 'who issued the number',
  carrierAIDC: 'the same as a bar code',
  entryType: 'how the number was read',
});

export const DEVICE = table({
  ...RESOURCE,
  status: READ,
  udi: UDI,
  udiCarrier: UDI,
  type: CONCEPT,
  manufacturer: READ,
  model: READ,
  modelNumber: READ,
  deviceName: READ,
  version: READ,
  serialNumber: READ,
  patient: REFERENCE,
  parent: REFERENCE,
  definition: 'the kind of device, said by type and model',
  owner: 'who is responsible for it at the sender',
  contact: 'of the owner',
  url: 'its address in a network of the sender',
}).inside;

const TREE: Readonly<Record<string, Treatment>> = {
  ...RESOURCE,
  type: CONCEPT,
  source: REFERENCE,
  parent: REFERENCE,
  operationalStatus: 'its state when the data was sent, not when it was measured',
  languageCode: 'of its display',
  lastSystemChange: 'when its state changed last',
  parameterGroup: 'a group for display',
  measurementPrinciple: 'said by the type',
  color: 'for display',
  category: 'whether it measures, calculates or sets: said by what it sends',
};
export const COMPONENT = table({ ...TREE, productionSpecification: READ }).inside;
export const METRIC = table({ ...TREE, unit: CONCEPT }).inside;
