/**
 * Synthetic insulin in Roche's profile `medication-administration` (SPECS §1.5): boluses of a pump in their three
 * shapes, its basal rate, and what is injected.
 */
/// <reference types="fhir" />
import {
  concept,
  PROFILE,
  profileMeta,
  ROCHE_CODES,
  SNOMED,
  subjectOf,
  UCUM,
  type SampleEvent,
} from './sample-resources';

export type InsulinKind =
  /** A bolus of the pump at once, over a time, or part at once and part over a time. */
  | 'bolusStd'
  | 'bolusExt'
  | 'bolusMul'
  /** The rate that the pump runs at, in units per hour. */
  | 'basal'
  /** By syringe: with a meal, once a day, or both in one. */
  | 'rapid'
  | 'longActing'
  | 'mixed';

export interface InsulinDose extends SampleEvent {
  readonly kind: InsulinKind;
  /** Units; units per hour for `basal`. */
  readonly units: number;
  readonly status: 'completed' | 'entered-in-error';
  /** End of a dose that takes time. */
  readonly until?: string;
  readonly comment?: string;
}

/** How a kind is coded: the substance, and by which way it was given. */
interface Coded {
  readonly medication: fhir.CodeableConcept;
  readonly adminType: fhir.CodeableConcept;
}

const SHORT_ACTING = concept(SNOMED, '411531001', 'Short-acting insulin');
const LONG_ACTING = concept(SNOMED, '25305005', 'Long-acting insulin');
const INSULIN = concept(SNOMED, '67866001', 'Insulin');
/** A concept of UMLS, which Roche sends for mixed insulin; its guide names no code system for it. */
const MIXED = concept('http://www.nlm.nih.gov/research/umls', 'C0356369', 'Mixed insulin');
const SYRINGE = concept(SNOMED, '61968008', 'Syringe');

const KINDS: Readonly<Record<InsulinKind, Coded>> = {
  bolusStd: { medication: SHORT_ACTING, adminType: roche('bolusStd') },
  bolusExt: { medication: SHORT_ACTING, adminType: roche('bolusExt') },
  bolusMul: { medication: SHORT_ACTING, adminType: roche('bolusMul') },
  basal: { medication: INSULIN, adminType: roche('basal') },
  rapid: { medication: SHORT_ACTING, adminType: SYRINGE },
  longActing: { medication: LONG_ACTING, adminType: SYRINGE },
  mixed: { medication: MIXED, adminType: SYRINGE },
};

/** A MedicationAdministration. */
export function insulinDose(dose: InsulinDose): fhir.MedicationAdministration {
  const { medication, adminType } = KINDS[dose.kind];
  const isRate = dose.kind === 'basal';
  return {
    resourceType: 'MedicationAdministration',
    id: dose.id,
    meta: profileMeta('medication-administration', dose.versionId, dose.lastUpdated),
    ...(dose.deviceMetric === undefined
      ? {}
      : { extension: [{ url: `${PROFILE}parent-device-metric`, valueReference: { reference: dose.deviceMetric } }] }),
    identifier: [{ system: 'urn:ietf:rfc:3986', value: `urn:uuid:${dose.id}` }],
    status: dose.status,
    medicationCodeableConcept: {
      coding: [...(medication.coding ?? []), { system: ROCHE_CODES, code: 'insulinDose' }],
    },
    subject: subjectOf(dose.patient),
    ...(dose.until === undefined
      ? { effectiveDateTime: dose.at }
      : { effectivePeriod: { start: dose.at, end: dose.until } }),
    dosage: {
      extension: [{ url: `${PROFILE}medication-administration-dosage/admin-type`, valueCodeableConcept: adminType }],
      dose: isRate
        ? { value: dose.units, unit: 'IU/h', system: UCUM, code: '[IU]/h' }
        : { value: dose.units, unit: 'IU', system: UCUM, code: '[iU]' },
    },
    ...(dose.comment === undefined ? {} : { note: [{ text: dose.comment }] }),
  };
}

function roche(code: string): fhir.CodeableConcept {
  return { coding: [{ system: ROCHE_CODES, code }] };
}
