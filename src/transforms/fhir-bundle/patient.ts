/** Who a resource is about. */
import type { PatientContext } from '../model/patient';
import type { Identifier, Patient, Reference } from './shapes';
import { conditionalIdentifier, escapeKey, identifierKey, relativeReference } from './references';

/** Identifiers that a hospital would look up come first; a number no longer in use comes last. */
const USE_RANK: ReadonlyMap<string, number> = new Map([
  ['official', 0],
  ['usual', 1],
  ['temp', 3],
  ['secondary', 4],
  ['old', 5],
]);
const NO_USE_RANK = 2;

/** Table 0203 in STU3 and R4. */
const TYPE_SYSTEMS: ReadonlySet<string | undefined> = new Set([
  'http://hl7.org/fhir/v2/0203',
  'http://terminology.hl7.org/CodeSystem/v2-0203',
]);
const TYPE_CODE = /^[A-Z]{1,8}$/;
/** A hospital finds its patients by this, whatever insurers and offices call official. */
const MEDICAL_RECORD = 'MR';
type PatientIdentifier = NonNullable<Patient['identifier']>[number];

/** A Patient resource and its place. */
export interface FoundPatient {
  readonly patient: Patient;
  readonly path: string;
}

/**
 * @param reference subject of the resource
 * @param found Patient that the reference leads to
 * @param path element path of the reference
 * @returns undefined when nothing outside the bundle knows whom the reference means
 */
export function patientContext(
  reference: Reference,
  found: FoundPatient | undefined,
  path: string,
): PatientContext | undefined {
  if (found !== undefined) return patientByResource(found);
  const literal = reference.reference;
  const identifier = reference.identifier ?? (literal === undefined ? undefined : conditionalIdentifier(literal));
  if (identifier?.value !== undefined && identifier.value !== '') return byIdentifier(identifier, undefined, path);
  // Roche writes the partner's own patient id as the logical id (SPECS §1.4), so it can stand in PID-3.
  const logical = literal === undefined ? undefined : /^Patient\/(.+)$/.exec(relativeReference(literal));
  if (logical?.[1] === undefined) return undefined;
  return { key: escapeKey(logical[0]), identifier: { system: undefined, value: logical[1] }, details: undefined, path };
}

/** The context of a Patient resource; undefined when it has neither identifier nor id. */
export function patientByResource({ patient, path }: FoundPatient): PatientContext | undefined {
  const usable = (patient.identifier ?? []).filter(({ value }) => value !== undefined && value !== '');
  const [best] = usable.toSorted((a, b) => rank(a) - rank(b));
  if (best !== undefined) {
    const { identifier, ...context } = byIdentifier(best, patient, path);
    const type = typeOf(best);
    return { ...context, identifier: type === undefined ? identifier : { ...identifier, type } };
  }
  if (patient.id === undefined || patient.id === '') return undefined;
  return {
    key: escapeKey(`Patient/${patient.id}`),
    identifier: { system: undefined, value: patient.id },
    details: patient,
    path,
  };
}

function byIdentifier({ system, value = '' }: Identifier, details: Patient | undefined, path: string): PatientContext {
  return { key: identifierKey({ system, value }), identifier: { system, value }, details, path };
}

function rank(identifier: PatientIdentifier): number {
  const { use } = identifier;
  if (use !== 'old' && typeOf(identifier) === MEDICAL_RECORD) return -1;
  return use === undefined ? NO_USE_RANK : (USE_RANK.get(use) ?? NO_USE_RANK);
}

function typeOf({ type }: PatientIdentifier): string | undefined {
  return type?.coding?.find(({ system, code = '' }) => TYPE_SYSTEMS.has(system) && TYPE_CODE.test(code))?.code;
}
