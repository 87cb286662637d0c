/**
 * Names that Ductus gives in FHIR. They are URNs, since no web address belongs to this project and R4 wants absolute
 * URIs. HL7's own names for elements of STU3 in R4 (`http://hl7.org/fhir/3.0/StructureDefinition/extension-…`, R4
 * versions.html) are not used: validators without the package of that version refuse them as errors.
 */

/** Identifier system of the reference by which the ledger knows a resource, as in `Observation/123`. */
export const REFERENCE_SYSTEM = 'urn:ductus:reference';
/** Identifier system of a device's number that came without one. */
export const DEVICE_SYSTEM = 'urn:ductus:device';
/** Bundle.identifier.system; the value is the control id. */
export const MESSAGE_SYSTEM = 'urn:ductus:message';
/** meta.tag.system of profiles that the sender claims and that an R4 server could not check. */
export const PROFILE_SYSTEM = 'urn:ductus:profile';
/** Code systems that a code map names in the HL7 v2 way, as in `99LAB`. */
export const CODE_SYSTEM = 'urn:ductus:code-system:';
/** Extension with an element of STU3 that R4 has no place for: `urn:ductus:stu3:Observation.valueAttachment`. */
export const STU3_EXTENSION = 'urn:ductus:stu3:';
/** Extension with a code that FHIR does not allow, as it was sent. */
export const AS_SENT_EXTENSION = 'urn:ductus:as-sent';

/** System of identifiers that are URIs themselves (R4 datatypes, Identifier). */
export const URI_SYSTEM = 'urn:ietf:rfc:3986';
/** A URI begins with a scheme (RFC 3986 §3.1). */
export const URI = /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/;

export const UCUM = 'http://unitsofmeasure.org';
export const DATA_ABSENT = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason';

/** Roche's profiles (SPECS §1.5) are of STU3. */
export const ROCHE_PROFILES = 'http://roche.com/fhir/rdc/StructureDefinition/';
