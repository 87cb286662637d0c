/** `docs/reference/patient-mapping.md`, made from the tables of rules that map patients. Pure: `docs.ts` writes it, and a test compares. */
import {
  CODE_TABLES,
  MAPPING_TABLES,
  type DocumentedCodes,
  type DocumentedTable,
} from '../src/transforms/adt-to-fhir/mapping-tables';

/** The page, as Markdown. */
export function patientMappingPage(): string {
  return [
    '# How a patient of the HIS becomes a patient at Roche',
    '',
    '<!-- Made by `npm run docs` from src/transforms/adt-to-fhir. Change it there. -->',
    '',
    'The same tables map the messages. They follow the v2-to-FHIR guide of HL7 (1.0.0), for FHIR STU3 and the profiles of',
    'Roche; where they differ, the line says so. Fields that are not listed are not read, not stored and not sent: of a',
    'message Ductus keeps the listed fields alone, of PID-3 the patient’s number alone, and of DG1 the diagnoses of diabetes.',
    'A field that is empty, or `""`, is left out: each message says all that the HIS knows. White space around a value and',
    'control characters go; everything else, accents and escaped characters too, arrives as it was sent.',
    '',
    ...MAPPING_TABLES.flatMap(table),
    '## Codes',
    '',
    'Letter case does not matter. A code that is not listed has no counterpart: the element is left out (PID-8: AE).',
    '',
    ...CODE_TABLES.flatMap(codes),
  ].join('\n');
}

function table({ title, about, rules }: DocumentedTable): string[] {
  return [
    `## ${title}`,
    '',
    about,
    '',
    '| from | to | how | rule |',
    '| ---- | -- | --- | ---- |',
    ...rules.map(({ source, target, how, id }) => row([source, target, how, `\`${id}\``])),
    '',
  ];
}

function codes({ title, from, to, rows }: DocumentedCodes): string[] {
  return [`### ${title}`, '', row([from, to]), '| --- | --- |', ...rows.map(row), ''];
}

/** A bar would end the cell. */
function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
