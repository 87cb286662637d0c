/** Which identifier of a Patient resource is the patient's number. The rules are those of PID-3 (patient-number.ts). */
import { isPlainText } from '../../domain/plain-text';
import type { FhirIssue, PatientNumber, PatientSyncSettings } from './contract';
import type { FhirIdentifier } from './fhir-shapes';
import { issue } from './fhir-issue';
import { isPatientNumberType, isTypeCode, plainAuthority } from './patient-number';
import { MAX_NUMBER_LENGTH } from './roche-limits';

type Identifying = PatientSyncSettings['identifier'];

export type FhirNumberReading =
  | { readonly ok: true; readonly number: PatientNumber; readonly identifier: FhirIdentifier }
  | { readonly ok: false; readonly issue: FhirIssue };

/** @param path of the Patient */
export function readFhirNumber(
  identifiers: readonly FhirIdentifier[],
  identifying: Identifying,
  path: string,
): FhirNumberReading {
  const candidates = identifiers
    .map((identifier, position) => ({ identifier, position, types: typesOf(identifier) }))
    .filter(({ identifier }) => (identifier.value ?? '').trim() !== '' && identifier.use !== 'old');
  const chosen = choose(candidates, identifying);
  if (chosen === undefined) {
    const text = 'has no patient number of the configured type (Identifier.type) and authority (Identifier.system)';
    return { ok: false, issue: issue('required', `${path}.identifier`, text) };
  }
  const { identifier, position, types } = chosen;
  const value = (identifier.value ?? '').trim();
  const place = `${path}.identifier[${position}].value`;
  if (value.length > MAX_NUMBER_LENGTH) {
    return {
      ok: false,
      issue: issue('too-long', place, `has more than ${MAX_NUMBER_LENGTH} characters, the most that Roche takes`),
    };
  }
  if (!isPlainText(value)) return { ok: false, issue: issue('value', place, 'has control characters') };
  const number = {
    value,
    namespace: identifying.authority ?? identifier.system ?? '',
    assigningAuthority: authorityOf(identifier, identifying),
    type: types.find(isTypeCode) ?? identifying.type,
  };
  return { ok: true, number, identifier };
}

interface Candidate {
  readonly identifier: FhirIdentifier;
  readonly position: number;
  readonly types: readonly string[];
}

function choose(candidates: readonly Candidate[], { type, authority }: Identifying): Candidate | undefined {
  const isTyped = ({ types }: Candidate) => types.includes(type);
  if (authority !== undefined) {
    const own = candidates.filter(({ identifier }) => isOf(identifier, authority));
    return own.find(isTyped) ?? own.find(({ types }) => types.length === 0);
  }
  const typed = candidates.find(isTyped);
  if (typed !== undefined) return typed;
  const [only, ...others] = candidates;
  return only !== undefined && others.length === 0 && only.types.every(isPatientNumberType) ? only : undefined;
}

function isOf({ system, assigner }: FhirIdentifier, authority: string): boolean {
  return system === authority || system === `urn:oid:${authority}` || assigner?.display === authority;
}

function typesOf({ type }: FhirIdentifier): string[] {
  return (type?.coding ?? []).map(({ code }) => code ?? '').filter((code) => code !== '');
}

/** The system as an HD of HL7: `&1.2.3&ISO`, `&http://…&URI`. */
function authorityOf({ system = '' }: FhirIdentifier, { authority = '' }: Identifying): string {
  const name = authority === system ? '' : authority;
  const oid = /^urn:oid:([\d.]+)$/.exec(system)?.[1];
  if (oid !== undefined) return plainAuthority(name === oid ? ['', oid, 'ISO'] : [name, oid, 'ISO']);
  return plainAuthority(system === '' ? [name] : [name, system, 'URI']);
}
