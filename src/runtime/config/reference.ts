/**
 * The reference page of the configuration, made from the schema itself, so that it cannot say anything else.
 * Pure: `npm run docs` writes the result, and a test compares the file with it.
 */
import { z } from 'zod';
import { CONFIG_FILE_VARIABLE, ENVIRONMENT_OVERRIDES } from './environment';
import { createConfigSchema } from './schema';

/** What is used of a JSON schema. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
}

interface Row {
  readonly key: string;
  readonly type: string;
  readonly default: string;
  readonly description: string;
}

/** A row of one of several kinds, as of `destinations`. */
interface KindRow extends Row {
  readonly kind: string;
}

/** The page, as Markdown. */
export function configurationReference(): string {
  const root = configurationNode();
  const scalars: Row[] = [];
  const sections: string[] = [];
  for (const [name, node] of Object.entries(root.properties ?? {})) {
    const rows = rowsOf(name, node, root.required?.includes(name) ?? false);
    const [only] = rows;
    if (rows.length === 1 && only?.key === name) {
      scalars.push(only);
    } else {
      sections.push(`## \`${name}\`\n\n${table(rows)}`);
    }
  }
  return [
    '# Configuration',
    '',
    '<!-- Made by `npm run docs` from src/runtime/config/schema.ts. Change it there. -->',
    '',
    'One YAML file. `config/example.yaml` is a complete one to start from. A key that is not listed here is refused.',
    'Defaults come first, the file stands above them, and these environment variables above the file:',
    '',
    '| Variable | Sets |',
    '| --- | --- |',
    `| \`${CONFIG_FILE_VARIABLE}\` | the path of the file, when the command line does not name one |`,
    ...ENVIRONMENT_OVERRIDES.map(({ variable, path }) => `| \`${variable}\` | \`${path.join('.')}\` |`),
    '',
    'A secret is never written into the file. It stands there as `{ env: NAME }` (an environment variable) or',
    '`{ file: PATH }` (a file; a relative path starts at the folder of the configuration file).',
    '`<name>` in a key is a name that you choose. "required" means: when its section is there.',
    '',
    '## General',
    '',
    table(scalars),
    '',
    sections.join('\n\n'),
    '',
  ].join('\n');
}

/** Every key that can be set, with its description; for the test that none is undocumented. */
export function configurationKeys(): readonly Row[] {
  return Object.entries(configurationNode().properties ?? {}).flatMap(([name, node]) => rowsOf(name, node, false));
}

function configurationNode(): Node {
  const schema = createConfigSchema(() => {
    throw new Error('the reference reads no secret');
  });
  const json: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  return isNode(json) ? json : {};
}

/** zod's own output: what is read of it is checked where it is read. */
function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

function rowsOf(key: string, node: Node, required: boolean): Row[] {
  if (isSecret(node)) {
    return [row(key, 'secret', node, required)];
  }
  const kinds = node.oneOf ?? (isKinds(node.anyOf) ? node.anyOf : undefined);
  if (kinds !== undefined) {
    const [tag, ...values] = tagOf(kinds);
    const preset = valueOf(node.default, tag);
    const head: Row = {
      key: `${key}.${tag}`,
      type: values.map(code).join(', '),
      default: preset === undefined ? 'required' : code(preset),
      description: node.description ?? 'which kind it is',
    };
    const rest = kinds.flatMap((kind) =>
      propertiesOf(key, kind)
        .filter((each) => each.key !== head.key)
        .map((each) => ({ ...each, kind: text(kind, tag) })),
    );
    return [head, ...merged(rest, kinds.length)];
  }
  if (node.properties !== undefined) {
    const own =
      node.description === undefined ? [] : [row(key, 'section', { description: node.description }, required)];
    return [...own, ...propertiesOf(key, node)];
  }
  if (typeof node.additionalProperties === 'object') {
    return rowsOf(`${key}.<name>`, inherit(node.additionalProperties, node), false);
  }
  if (node.type === 'array' && node.items?.properties !== undefined) {
    return propertiesOf(`${key}[]`, node.items);
  }
  return [row(key, typeOf(node), node, required)];
}

function propertiesOf(key: string, node: Node): Row[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    rowsOf(`${key}.${name}`, child, node.required?.includes(name) ?? false),
  );
}

/** A record of secrets is described where the record is. */
function inherit(child: Node, parent: Node): Node {
  return child.description === undefined && parent.description !== undefined
    ? { ...child, description: parent.description }
    : child;
}

/** A key that is the same in several kinds is one row that names them, or none where it is in all; else one for each. */
function merged(rows: readonly KindRow[], kinds: number): Row[] {
  const same = new Map<string, { readonly own: Row; readonly kinds: string[] }>();
  for (const { kind, ...own } of rows) {
    const mark = JSON.stringify(own);
    const earlier = same.get(mark);
    if (earlier === undefined) same.set(mark, { own, kinds: [kind] });
    else earlier.kinds.push(kind);
  }
  const keys = [...new Set(rows.map(({ key }) => key))];
  return [...same.values()]
    .map(({ own, kinds: named }) =>
      named.length === kinds ? own : { ...own, description: `(${named.join(', ')}) ${own.description}` },
    )
    .sort((one, other) => keys.indexOf(one.key) - keys.indexOf(other.key));
}

function row(key: string, type: string, node: Node, required: boolean): Row {
  const preset = node.default;
  const isValue = preset !== undefined && (typeof preset !== 'object' || Array.isArray(preset));
  return {
    key,
    type,
    default: isValue
      ? code(Array.isArray(preset) ? JSON.stringify(preset) : preset)
      : required
        ? 'required'
        : 'optional',
    description: node.description ?? '',
  };
}

function typeOf(node: Node): string {
  if (node.enum !== undefined) {
    return node.enum.map(code).join(', ');
  }
  if (node.const !== undefined) {
    return code(node.const);
  }
  switch (node.type) {
    case 'array':
      return `list of ${typeOf(node.items ?? {})}`;
    case 'integer':
    case 'number':
      return `${node.type === 'integer' ? 'integer' : 'number'}${range(node)}`;
    case 'string':
      return node.format === 'uri' ? 'URL' : 'text';
    default:
      return node.type ?? 'any';
  }
}

function range(node: Node): string {
  const least = node.minimum ?? aboveZero(node);
  // zod writes the largest safe integer where there is no limit.
  const most = node.maximum === Number.MAX_SAFE_INTEGER ? undefined : node.maximum;
  if (least === undefined && most === undefined) {
    return '';
  }
  if (most === undefined) {
    return typeof least === 'number' ? `, at least ${least}` : `, ${least}`;
  }
  return `, ${least} to ${most}`;
}

function aboveZero(node: Node): string | number | undefined {
  if (node.exclusiveMinimum === undefined) {
    return undefined;
  }
  return node.type === 'integer' ? node.exclusiveMinimum + 1 : `more than ${node.exclusiveMinimum}`;
}

function isSecret(node: Node): boolean {
  return node.anyOf?.some((each) => each.properties?.['env'] !== undefined) ?? false;
}

function isKinds(nodes: readonly Node[] | undefined): nodes is readonly Node[] {
  return nodes !== undefined && nodes.every((each) => each.properties !== undefined);
}

function text(kind: Node, tag: string): string {
  return String(kind.properties?.[tag]?.const);
}

/** The key by which kinds are told apart, and its values. */
function tagOf(kinds: readonly Node[]): [string, ...unknown[]] {
  const tags = Object.entries(kinds[0]?.properties ?? {}).find(([, node]) => node.const !== undefined);
  const tag = tags?.[0] ?? 'kind';
  return [tag, ...kinds.map((kind) => kind.properties?.[tag]?.const)];
}

function valueOf(target: unknown, key: string): unknown {
  return typeof target === 'object' && target !== null ? Reflect.get(target, key) : undefined;
}

function code(value: unknown): string {
  return value === '' ? '(empty)' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function table(rows: readonly Row[]): string {
  return [
    '| Key | Type | Default | Meaning |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      (each) => `| \`${each.key}\` | ${each.type} | ${each.default} | ${each.description.replaceAll('<', '&lt;')} |`,
    ),
  ].join('\n');
}
