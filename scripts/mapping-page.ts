/** `docs/guide/mapping.md`, made from the tables of rules that write the messages. Pure: `docs.ts` writes it, and a test compares. */
import { HL7_FORMS, type DocumentedForm } from '../src/transforms/fhir-to-hl7/tables';

/** The page, as Markdown. */
export function mappingPage(): string {
  return [
    '# How data becomes HL7 v2 messages',
    '',
    '<!-- Made by `npm run docs` from src/transforms/fhir-to-hl7. Change it there. -->',
    '',
    'Each segment is written by a table of rules. This page shows the same tables: which field, what it is made of, why.',
    'Fields that are not listed stay empty. What a message was made of, field by field, is in its lineage, where each',
    'field names its rule by the id in the last column.',
    '',
    'Section numbers are of HL7 v2.5.1. `hl7.…` are keys of a destination (docs/reference/configuration.md).',
    '',
    ...HL7_FORMS.flatMap(form),
  ].join('\n');
}

function form({ title, about, segments }: DocumentedForm): string[] {
  return [
    `## ${title}`,
    '',
    about,
    '',
    ...segments.flatMap(({ when, table }) => [
      `### ${table.name}: ${when}`,
      '',
      '| field | made of | why | rule |',
      '| ----- | ------- | --- | ---- |',
      ...table.rules.map(
        ({ target, source, why, id }) => `| ${[target, source, why, `\`${id}\``].map(cell).join(' | ')} |`,
      ),
      '',
    ]),
  ];
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
