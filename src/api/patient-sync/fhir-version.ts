/** Which FHIR version a request has: the parameter `fhirVersion` of its content type (https://hl7.org/fhir/R4/versioning.html#mt-version). */
import { DuctusError } from '../../domain/errors';

const VERSIONS: Readonly<Record<string, 'R4' | 'STU3'>> = { '3.0': 'STU3', '4.0': 'R4' };

/**
 * @param contentType as in `application/fhir+json; fhirVersion=3.0`; R4 without the parameter
 * @throws DuctusError DUCTUS_MEDIA_TYPE_UNSUPPORTED for any other version
 */
export function fhirVersionOf(contentType: string | undefined): 'R4' | 'STU3' {
  const written = /;\s*fhirVersion\s*=\s*"?([^\s";]*)"?/i.exec(contentType ?? '')?.[1];
  if (written === undefined) return 'R4';
  // `4.0.1` is no value of the parameter, and is written all the same.
  const version = Object.hasOwn(VERSIONS, written) ? written : /^(\d\.\d)\.\d$/.exec(written)?.[1];
  const known = version === undefined ? undefined : VERSIONS[version];
  if (known !== undefined) return known;
  throw new DuctusError('DUCTUS_MEDIA_TYPE_UNSUPPORTED', 'fhirVersion is none that is taken; use 4.0 or 3.0.');
}
