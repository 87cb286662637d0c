/** Addresses of Roche's patient services (SPECS §1.2). */

/** Base path of the FHIR API, as on the real platform. */
export const PATIENTS_PATH = '/partners/fhir/stu3/api/';

export type PatientRoute =
  | { readonly kind: 'create'; readonly apiVersion: 'v1' | 'v2' }
  | { readonly kind: 'update'; readonly apiVersion: 'v1' | 'v2'; readonly id: string }
  | { readonly kind: 'read'; readonly id: string }
  | {
      readonly kind: 'search';
      /** Undefined: searched by something else. */
      readonly identifier: { readonly system?: string; readonly value: string } | undefined;
    }
  | { readonly kind: 'unknown' | 'not-allowed' };

/** @param url path and query of a request */
export function findRoute(method: string, url: string): PatientRoute {
  const { pathname, searchParams } = new URL(url, 'https://localhost');
  if (!pathname.startsWith(PATIENTS_PATH)) {
    return { kind: 'unknown' };
  }
  const steps = pathname
    .slice(PATIENTS_PATH.length)
    .split('/')
    .map((step) => decodeURIComponent(step));
  const apiVersion = steps[0] === 'v2' ? 'v2' : 'v1';
  const [resource, id, ...rest] = apiVersion === 'v2' ? steps.slice(1) : steps;
  if (rest.length > 0 || id === '') {
    return { kind: 'unknown' };
  }
  if (resource === 'Bundle') {
    if (id === undefined) {
      return method === 'POST' ? { kind: 'create', apiVersion } : { kind: 'not-allowed' };
    }
    return method === 'PUT' ? { kind: 'update', apiVersion, id } : { kind: 'not-allowed' };
  }
  if (resource !== 'Patient') {
    return { kind: 'unknown' };
  }
  if (method !== 'GET') {
    return { kind: 'not-allowed' };
  }
  return id === undefined
    ? { kind: 'search', identifier: tokenOf(searchParams.get('identifier')) }
    : { kind: 'read', id };
}

/** A token parameter, `system|value` with escaped separators (hl7.org/fhir/STU3/search.html). */
function tokenOf(parameter: string | null): { readonly system?: string; readonly value: string } | undefined {
  if (parameter === null) {
    return undefined;
  }
  const parts = parameter.split(/(?<!\\)\|/).map((part) => part.replace(/\\([\\|,$])/g, '$1'));
  const [first = '', second] = parts;
  return second === undefined ? { value: first } : { system: first, value: second };
}
