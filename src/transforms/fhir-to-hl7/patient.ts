/** Who a resource is about, as far as an ORU^R01 tells it: PID-3, 5, 7 and 8. */
import type { Identifier, Patient, Reference } from './shapes';
import { conditionalIdentifier, escapeKey, identifierKey, relativeReference } from './references';

export interface PatientContext {
  /** `system|value` of the identifier, else the reference: what delivery order is keyed on. */
  readonly key: string;
  readonly identifier: { readonly system: string | undefined; readonly value: string };
  /** The Patient resource, when the bundle has it. */
  readonly details: Patient | undefined;
}

/** Identifiers that a hospital would look up come first; a number no longer in use comes last. */
const USE_RANK: ReadonlyMap<string, number> = new Map([
  ['official', 0],
  ['usual', 1],
  ['temp', 3],
  ['secondary', 4],
  ['old', 5],
]);
const NO_USE_RANK = 2;

/**
 * @param reference subject of the resource
 * @param found Patient that the reference leads to
 * @returns undefined when nothing outside the bundle knows whom the reference means
 */
export function patientContext(reference: Reference, found: Patient | undefined): PatientContext | undefined {
  if (found !== undefined) return patientByResource(found);
  const literal = reference.reference;
  const identifier = reference.identifier ?? (literal === undefined ? undefined : conditionalIdentifier(literal));
  if (identifier?.value !== undefined && identifier.value !== '') return byIdentifier(identifier, undefined);
  // Roche writes the partner's own patient id as the logical id (SPECS §1.4), so it can stand in PID-3.
  const logical = literal === undefined ? undefined : /^Patient\/(.+)$/.exec(relativeReference(literal));
  if (logical?.[1] === undefined) return undefined;
  return { key: escapeKey(logical[0]), identifier: { system: undefined, value: logical[1] }, details: undefined };
}

/** The context of a Patient resource; undefined when it has neither identifier nor id. */
export function patientByResource(patient: Patient): PatientContext | undefined {
  const usable = (patient.identifier ?? []).filter(({ value }) => value !== undefined && value !== '');
  const [best] = usable.toSorted((a, b) => rank(a) - rank(b));
  if (best !== undefined) return byIdentifier(best, patient);
  if (patient.id === undefined || patient.id === '') return undefined;
  return {
    key: escapeKey(`Patient/${patient.id}`),
    identifier: { system: undefined, value: patient.id },
    details: patient,
  };
}

function byIdentifier({ system, value = '' }: Identifier, details: Patient | undefined): PatientContext {
  return { key: identifierKey({ system, value }), identifier: { system, value }, details };
}

function rank({ use }: Identifier): number {
  return use === undefined ? NO_USE_RANK : (USE_RANK.get(use) ?? NO_USE_RANK);
}
