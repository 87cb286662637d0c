/** `docs/reference/fhir-form.md`: the FHIR R4 form, from the rules of `src/transforms/stu3-to-r4` that lineage names, too. */
import { FHIR_RULES } from '../src/transforms/stu3-to-r4';
import {
  AS_SENT_EXTENSION,
  CODE_SYSTEM,
  DEVICE_SYSTEM,
  MESSAGE_SYSTEM,
  PROFILE_SYSTEM,
  REFERENCE_SYSTEM,
  STU3_EXTENSION,
} from '../src/transforms/stu3-to-r4/names';

const NAMES: readonly (readonly [name: string, where: string, meaning: string])[] = [
  [MESSAGE_SYSTEM, 'Bundle.identifier', 'id of the message: the same content has the same one'],
  [REFERENCE_SYSTEM, 'identifier', 'the reference by which Ductus knows the resource, as in `Observation/123`'],
  [DEVICE_SYSTEM, 'identifier', 'the number of a device that came without a system'],
  [PROFILE_SYSTEM, 'meta.tag', 'a profile of STU3 that the sender claims'],
  [CODE_SYSTEM, 'coding.system', 'start of the system of a code map that is no URI, as in `99LAB`'],
  [STU3_EXTENSION, 'extension', 'start of the URL of an element that R4 does not have'],
  [AS_SENT_EXTENSION, 'extension', 'a code that FHIR does not allow, as it was sent'],
];

/** The page. */
export function fhirFormPage(): string {
  return [
    '# The FHIR R4 form',
    '',
    '<!-- Made by `npm run docs` from src/transforms/stu3-to-r4. Change it there. -->',
    '',
    'What a destination of `kind: fhir`, or `kind: file` with `format: fhir`, gets: a transaction Bundle for each patient, or',
    'several for very many resources (`fhir.maxEntriesPerBundle`). What has the form of STU3 is converted, what has that of R4',
    'stays. A report is a DocumentReference with the document in it.',
    '',
    '- Each resource is an upsert: `PUT Type?identifier=…` with `fhir.upsert: conditional`, `PUT Type/<UUID>` with `id`. So a repeat',
    '  changes nothing, and a correction or a deletion takes the place of what was there.',
    '- A patient, and a device of which only the number is known, is created where the server has none with that number',
    '  (`ifNoneExist`), and never changed.',
    '- `fullUrl`s and ids are made of the identifiers: the same resource has the same one in every transaction.',
    '- A deletion is an update with the status `entered-in-error`: Ductus never sends DELETE.',
    '',
    '## What elements are made of',
    '',
    '| element | made of | why | rule |',
    '| --- | --- | --- | --- |',
    ...FHIR_RULES.map(({ id, target, source, why }) => `| ${target} | ${source} | ${why} | \`${id}\` |`),
    '',
    '## Names that Ductus gives',
    '',
    '| name | where | meaning |',
    '| --- | --- | --- |',
    ...NAMES.map(([name, where, meaning]) => `| \`${name}\` | ${where} | ${meaning} |`),
    '',
  ].join('\n');
}
