/** `docs/reference/json-form.md`: the JSON form, from the schema in `src/transforms/fhir-to-json/schema.ts`. */
import { z } from 'zod';
import { JsonMessageSchema } from '../src/transforms/fhir-to-json';

/** What is read of a JSON Schema. */
const Node = z.object({
  type: z.string().optional(),
  description: z.string().optional(),
  const: z.union([z.string(), z.boolean()]).optional(),
  enum: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
});
type Node = z.infer<typeof Node>;

/** The page. */
export function jsonFormPage(): string {
  const message = Node.parse(z.toJSONSchema(JsonMessageSchema));
  const { items, ...members } = message.properties ?? {};
  const item = Node.parse(Node.parse(items).items);
  const kinds = (item.anyOf ?? []).map((kind) => Node.parse(kind));
  const [first] = kinds;
  const shared = ['kind', 'id', 'status', 'source'];
  const commonMembers = Object.fromEntries(shared.map((name) => [name, first?.properties?.[name]]));
  return [
    '# The JSON form',
    '',
    '<!-- Generated from src/transforms/fhir-to-json/schema.ts by `npm run docs`. Do not edit. -->',
    '',
    'What a destination with `format: json` gets: a document for each patient, or several for very many items. Members that are',
    'not said are left out; nothing is null. Members may be added under the same `schema`; none is removed or gets another',
    'meaning without a new one. Numbers are text, since most JSON libraries turn `5.0` into `5`.',
    '',
    '## Message',
    '',
    ...table(rows({ ...members, items }, message.required, '')),
    '',
    '## All items',
    '',
    ...table(rows(commonMembers, first?.required, '')),
    '',
    ...kinds.flatMap((kind) => {
      const own = Object.fromEntries(Object.entries(kind.properties ?? {}).filter(([name]) => !shared.includes(name)));
      const [name = '', text] = (kind.description ?? '').split(/: /, 2);
      return [
        `## ${capital(name)}`,
        '',
        ...(text === undefined ? [] : [`${capital(text)}.`, '']),
        ...table(rows(own, kind.required, '')),
        '',
      ];
    }),
  ].join('\n');
}

function rows(
  properties: Readonly<Record<string, unknown>>,
  required: readonly string[] = [],
  prefix: string,
): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const node = Node.parse(schema);
    const list = node.type === 'array';
    const inner = list ? Node.parse(node.items ?? {}) : node;
    const path = `${prefix}${name}${list ? '[]' : ''}`;
    const row = `| \`${path}\` | ${typeOf(inner)} | ${required.includes(name) ? 'always' : ''} | ${node.description ?? inner.description ?? ''} |`;
    // The kinds of items have tables of their own.
    return inner.anyOf === undefined ? [row, ...rows(inner.properties ?? {}, inner.required, `${path}.`)] : [row];
  });
}

function typeOf({ type, const: constant, enum: values }: Node): string {
  if (constant !== undefined) return `\`${constant}\``;
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ');
  return type === 'string' ? 'text' : (type ?? 'one of the items below');
}

function table(lines: readonly string[]): string[] {
  return ['| member | type | | meaning |', '| --- | --- | --- | --- |', ...lines];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
