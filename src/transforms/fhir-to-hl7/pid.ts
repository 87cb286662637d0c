/** PID: who the observations belong to. */
import { escapeText } from './escape';
import { cx, segment, trimmed } from './fields';
import type { HumanName, PatientContext } from '../model/patient';
import type { Hl7Profile } from '../model/profile';
import { toHl7Date } from '../model/time';

/**
 * PID-5 is required. For a patient whose name is not in the bundle the second repetition says "unspecified"
 * (name type U of table 0200), as the HL7 v2.5.1 public-health guides for ORU^R01 (ELR) do; `""` would tell
 * the EMR to delete the name.
 */
const UNKNOWN_NAME = '~^^^^^^U';

/** Table 0001 for the FHIR value set administrative-gender. */
const SEX: ReadonlyMap<string, string> = new Map([
  ['male', 'M'],
  ['female', 'F'],
  ['other', 'O'],
  ['unknown', 'U'],
]);

/** Table 0200 for the FHIR value set name-use; other uses have no type code. */
const NAME_TYPE: ReadonlyMap<string, string> = new Map([
  ['official', 'L'],
  ['usual', 'D'],
  ['nickname', 'N'],
  ['maiden', 'M'],
]);

export function pidSegment({ identifier, details, emr }: PatientContext, profile: Hl7Profile): string {
  const authority = emr?.assigningAuthority || profile.patientAssigningAuthority;
  const type = emr?.identifierType || profile.patientIdentifierType;
  return segment('PID', {
    1: '1',
    3: cx(emr?.value ?? identifier.value, emr === undefined ? identifier.system : undefined, authority, type),
    5: patientName(details?.name ?? []),
    7: details?.birthDate === undefined ? '' : (toHl7Date(details.birthDate) ?? ''),
    8: SEX.get(details?.gender ?? '') ?? '',
  });
}

/** XPN: family, given, further given names, suffix, prefix, (degree), type. */
function patientName(names: readonly HumanName[]): string {
  const name =
    names.find(({ use }) => use === 'official') ??
    names.find(({ use }) => use === 'usual') ??
    names.find(({ use }) => use !== 'old');
  if (name === undefined) return UNKNOWN_NAME;
  const [first = '', ...further] = words(name.given);
  const parts = [
    // A name that comes only as text stands where a reader looks first.
    name.family ?? (first === '' ? (name.text ?? '') : ''),
    first,
    further.join(' '),
    words(name.suffix).join(' '),
    words(name.prefix).join(' '),
  ].map(escapeText);
  if (parts.every((part) => part === '')) return UNKNOWN_NAME;
  return trimmed([...parts, '', NAME_TYPE.get(name.use ?? '') ?? ''], '^');
}

function words(parts: readonly (string | null)[] | undefined): string[] {
  return (parts ?? []).filter((part) => part !== null && part !== '').map((part) => part ?? '');
}
