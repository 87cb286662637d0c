/**
 * Which element of the patient Roche complains about. Its paths and texts may quote what was sent, so an element is only
 * named by words of the lists below: what is not on them is left out.
 */
import type { OutcomeIssue } from './error-body';

/** Resources of the Bundle (SPECS §1.2). */
const RESOURCES = ['Bundle', 'MessageHeader', 'Patient', 'Condition'] as const;

/** Elements of these resources in STU3, and of the types in them, that the profiles use. */
const ELEMENTS = [
  ...['id', 'meta', 'profile', 'type', 'entry', 'fullUrl', 'resource', 'extension', 'url', 'contained'],
  ...['event', 'source', 'endpoint', 'software', 'version', 'timestamp', 'focus', 'sender', 'receiver'],
  ...['identifier', 'system', 'value', 'use', 'assigner', 'period', 'start', 'end', 'active'],
  ...['name', 'text', 'family', 'given', 'prefix', 'suffix', 'telecom', 'rank', 'gender', 'birthDate'],
  ...[
    'deceasedBoolean',
    'deceasedDateTime',
    'deceased',
    'multipleBirthBoolean',
    'multipleBirthInteger',
    'multipleBirth',
  ],
  ...['address', 'line', 'city', 'district', 'state', 'postalCode', 'country', 'maritalStatus', 'contact', 'photo'],
  ...['communication', 'language', 'preferred', 'generalPractitioner', 'managingOrganization', 'link', 'other'],
  ...['clinicalStatus', 'verificationStatus', 'category', 'severity', 'code', 'coding', 'display', 'subject'],
  ...['reference', 'context', 'onsetDateTime', 'onset', 'abatementDateTime', 'assertedDate', 'asserter', 'note'],
] as const;

const KNOWN: ReadonlySet<string> = new Set([...RESOURCES, ...ELEMENTS]);
const KNOWN_RESOURCES: ReadonlySet<string> = new Set(RESOURCES);

/** A step of a FHIRPath, or of STU3's XPath (`f:entry[2]`), with its index. */
const STEP = /^(?:f:)?([A-Za-z]+)(\[\d{1,4}\])?$/;
/** Longer ones no profile here has. */
const MOST_STEPS = 12;

/** Words by which a text means an element; the first that fits. Single words that stand in any sentence are not here. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\b(?:family[ -]?name|surname|last[ -]?name|family)\b/i, 'Patient.name.family'],
  [/\b(?:given[ -]?name|first[ -]?name)s?\b/i, 'Patient.name.given'],
  [/\b(?:birth ?date|date of birth|dob)\b/i, 'Patient.birthDate'],
  [/\be-?mail\b/i, 'Patient.telecom'],
  [/\b(?:tele)?phone\b|\btelecom\b/i, 'Patient.telecom'],
  [/\b(?:postal ?code|zip ?code)\b/i, 'Patient.address.postalCode'],
  [/\baddress\b/i, 'Patient.address'],
  [/\bgender\b/i, 'Patient.gender'],
  [/\bmanaging ?organi[sz]ation\b/i, 'Patient.managingOrganization'],
  [/\bclinical ?status\b/i, 'Condition.clinicalStatus'],
  [/\bverification ?status\b/i, 'Condition.verificationStatus'],
  [/\bassigning authority\b|\bidentifier[ -]system\b/i, 'Patient.identifier.system'],
  [/\bidentifier\b/i, 'Patient.identifier'],
  [/\bmessage ?header\b/i, 'MessageHeader'],
  [/\bcondition\b/i, 'Condition'],
];

/** What may be a path with dots, or an XPath, in a text. */
const PATH_IN_TEXT = /[A-Za-z:/]+(?:\[\d{1,4}\])?(?:[./][A-Za-z:]+(?:\[\d{1,4}\])?)+/g;
/** Texts are cut to this before they are searched. */
const TEXT_LIMIT = 4_000;

/** The element that an issue is about, as a FHIRPath without values; undefined when it names none that is known. */
export function elementOf(issue: Pick<OutcomeIssue, 'paths' | 'text'>): string | undefined {
  for (const path of issue.paths) {
    const element = knownPath(path);
    if (element !== undefined) return element;
  }
  const text = issue.text.slice(0, TEXT_LIMIT);
  for (const [path] of text.matchAll(PATH_IN_TEXT)) {
    const element = knownPath(path);
    if (element?.includes('.') === true) return element;
  }
  return PHRASES.find(([words]) => words.test(text))?.[1];
}

/** The part of a path whose steps are all known; a filter (`where(value='…')`) ends it. */
function knownPath(path: string): string | undefined {
  const steps: string[] = [];
  for (const step of path.slice(0, 500).split(/[./]/)) {
    if (step === '' && steps.length === 0) continue;
    const [, name, index] = STEP.exec(step) ?? [];
    if (name === undefined || !KNOWN.has(name) || steps.length === MOST_STEPS) break;
    steps.push(`${name}${index ?? ''}`);
  }
  const first = steps[0]?.replace(/\[.*/, '');
  if (first === undefined) return undefined;
  // `name.given` alone is of the patient, as all that Roche requires is (SPECS §1.2).
  return KNOWN_RESOURCES.has(first) ? steps.join('.') : `Patient.${steps.join('.')}`;
}
