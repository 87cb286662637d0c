/**
 * Synthetic devices with their IEEE 11073 tree as Roche sends it (SPECS §1.5): Device (the thing in the hand),
 * DeviceComponent (what it is built of), DeviceMetric (what it measures or gives, named by readings).
 */
/// <reference types="fhir" />
import { concept, LOINC, profileMeta, SNOMED, subjectOf, UCUM, type SamplePatient } from './sample-resources';

export type SampleDeviceKind = 'meter' | 'sensor' | 'pump';

export interface SampleDevice {
  readonly kind: SampleDeviceKind;
  readonly patient: SamplePatient;
  readonly lastUpdated: string;
  /** Default: 1. */
  readonly versionId?: number;
  /** Default: `1.0`. */
  readonly firmware?: string;
}

interface Model {
  readonly type: fhir.CodeableConcept;
  readonly name: string;
  /** Term of ISO/IEEE 11073-10101 for the device's specialization, partition 8. */
  readonly specialization: readonly [code: string, name: string];
  readonly metric: fhir.CodeableConcept;
  readonly unit: string;
}

const MDC = 'urn:iso:std:iso:11073:10101';

const MODELS: Readonly<Record<SampleDeviceKind, Model>> = {
  meter: {
    type: concept(SNOMED, '337414009', 'Blood glucose meter'),
    name: 'Simulated meter',
    specialization: ['528401', 'MDC_DEV_SPEC_PROFILE_GLUCOSE'],
    metric: concept(LOINC, '41653-7', 'Glucose [Mass/volume] in Capillary blood by Glucometer'),
    unit: 'mg/dL',
  },
  sensor: {
    type: concept(SNOMED, '700585005', 'Invasive interstitial-fluid glucose monitoring system'),
    name: 'Simulated sensor',
    specialization: ['528409', 'MDC_DEV_SPEC_PROFILE_CGM'],
    metric: concept(LOINC, '99504-3', 'Glucose [Mass/volume] in Interstitial fluid'),
    unit: 'mg/dL',
  },
  pump: {
    type: concept(SNOMED, '69805005', 'Insulin pump'),
    name: 'Simulated pump',
    specialization: ['528403', 'MDC_DEV_SPEC_PROFILE_INSULIN_PUMP'],
    metric: concept(SNOMED, '67866001', 'Insulin'),
    unit: '[iU]',
  },
};

/** `DeviceMetric/…` of a patient's device: what its readings name. */
export function deviceMetric(kind: SampleDeviceKind, patient: SamplePatient): string {
  return `DeviceMetric/${kind}-${patient.id}-metric`;
}

/** The three resources of a device. Two devices of a kind are told apart by their patients. */
export function deviceResources(device: SampleDevice): [fhir.Device, fhir.DeviceComponent, fhir.DeviceMetric] {
  const { kind, patient, lastUpdated, versionId = 1, firmware = '1.0' } = device;
  const { type, name, specialization, metric, unit } = MODELS[kind];
  const id = `${kind}-${patient.id}`;
  const meta = (profile: string): fhir.Meta => profileMeta(profile, versionId, lastUpdated);
  return [
    {
      resourceType: 'Device',
      id,
      meta: meta('phg-device'),
      identifier: [{ system: 'urn:oid:2.999.1.20', value: `SIMULATED-${id}` }],
      udi: { deviceIdentifier: `SIMULATED-${kind}-00000000`, name },
      status: 'active',
      type,
      manufacturer: 'Simulated & Sons',
      model: name,
      version: firmware,
      patient: subjectOf(patient),
    },
    {
      resourceType: 'DeviceComponent',
      id: `${id}-component`,
      meta: meta('phd-devicecomponent'),
      identifier: { system: 'urn:oid:2.999.1.21', value: `${id}-component` },
      type: concept(MDC, ...specialization),
      source: { reference: `Device/${id}` },
      productionSpecification: [
        specification('serial-number', 'Serial Number', `SIMULATED-${id}`),
        specification('firmware-revision', 'Firmware Revision', firmware),
        specification('hardware-revision', 'Hardware Revision', 'A'),
      ],
    },
    {
      resourceType: 'DeviceMetric',
      id: `${id}-metric`,
      meta: meta('phd-devicemetric'),
      identifier: { system: 'http://roche.com/fhir/rdc/sid/devicemetric-identifier', value: `${id}-metric` },
      type: metric,
      unit: concept(UCUM, unit, unit),
      source: { reference: `Device/${id}` },
      parent: { reference: `DeviceComponent/${id}-component` },
      category: 'measurement',
    },
  ];
}

/** STU3 value set specification-type. */
function specification(code: string, display: string, value: string): fhir.DeviceComponentProductionSpecification {
  return { specType: concept('http://hl7.org/fhir/specification-type', code, display), productionSpec: value };
}
