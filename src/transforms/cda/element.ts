/**
 * An XML document as elements of CDA. Entities of the document's own are not expanded by the parser, a document type is
 * refused, and so is what is too large, too deep or has too many elements.
 */
import { parseXml, XmlElement, XmlText, type XmlDocument } from '@rgrove/parse-xml';
import { decodeXml } from './decode-xml';
import { invalid } from './invalid';

const CDA_NAMESPACE = 'urn:hl7-org:v3';

/** A report with pictures in it has a few MB. */
export const MAX_REPORT_BYTES = 32 * 1024 * 1024;
/**
 * Of each kind of markup, by the character that it cannot do without. A report of 12,000 coded readings has about 400,000
 * tags; each costs a few hundred bytes of memory and some microseconds, which a worker must have for others.
 */
export const MAX_MARKUP = { tags: 500_000, references: 500_000, attributes: 1_000_000 } as const;
/** CDA documents nest about 30 deep. */
export const MAX_DEPTH = 200;

/** What XML 1.0 §2.2 leaves out. Looked for here, since the parser takes long to say where one stands. */
const NO_XML_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

type Namespaces = ReadonlyMap<string, string>;

/** An element of the CDA namespace with the path by which errors name it. */
export class CdaElement {
  readonly path: string;
  readonly #element: XmlElement;
  readonly #namespaces: Namespaces;

  constructor(element: XmlElement, namespaces: Namespaces, path: string) {
    this.path = path;
    this.#element = element;
    this.#namespaces = namespaces;
  }

  /** The children with this name, in CDA's namespace; those of an extension's namespace are none. */
  children(name: string): CdaElement[] {
    const found: { readonly element: XmlElement; readonly namespaces: Namespaces }[] = [];
    for (const child of this.#element.children) {
      if (!(child instanceof XmlElement) || !child.name.endsWith(name)) continue;
      const namespaces = namespacesIn(child, this.#namespaces);
      if (isCda(child, name, namespaces)) found.push({ element: child, namespaces });
    }
    return found.map(({ element, namespaces }, index) => {
      const position = found.length === 1 ? '' : `[${String(index)}]`;
      return new CdaElement(element, namespaces, `${this.path}.${name}${position}`);
    });
  }

  /** The first child with this name. */
  child(name: string): CdaElement | undefined {
    return this.children(name)[0];
  }

  /** The first element at a path of names. */
  at(...names: readonly string[]): CdaElement | undefined {
    const [first, ...rest] = names;
    const element = first === undefined ? undefined : this.child(first);
    return rest.length === 0 ? element : element?.at(...rest);
  }

  /** An attribute that holds something. */
  attribute(name: string): string | undefined {
    const value = this.#element.attributes[name]?.trim();
    return value === '' ? undefined : value;
  }

  /** True where the sender says that there is no value (`nullFlavor`). */
  get isNull(): boolean {
    return this.attribute('nullFlavor') !== undefined;
  }

  /** The text in it, with single spaces; undefined when there is none. */
  get text(): string | undefined {
    const text = this.#element.text.replace(/\s+/g, ' ').trim();
    return text === '' ? undefined : text;
  }

  /** The text directly in it, without that of its children. */
  get ownText(): string | undefined {
    const texts = this.#element.children.filter((child) => child instanceof XmlText);
    const text = texts
      .map((each) => each.text)
      .join(' ')
      .replace(/\s+/g, ' ')
      .trim();
    return text === '' ? undefined : text;
  }
}

/**
 * @param bytes an XML file
 * @returns its root, when that is a CDA document
 * @throws DuctusError DUCTUS_REPORT_INVALID
 */
export function readDocument(bytes: Uint8Array): CdaElement {
  if (bytes.byteLength > MAX_REPORT_BYTES) throw invalid('ClinicalDocument', 'is larger than 32 MiB');
  // Line ends as XML 1.0 §2.11 has them: an embedded file has a hundred thousand, which the parser replaces one by one.
  const text = decodeXml(bytes).replace(/\r\n?/g, '\n');
  if (NO_XML_CHARACTER.test(text)) throw invalid('ClinicalDocument', 'has a character that XML does not allow');
  if (
    hasMoreThan(text, '<', MAX_MARKUP.tags) ||
    hasMoreThan(text, '&', MAX_MARKUP.references) ||
    hasMoreThan(text, '=', MAX_MARKUP.attributes)
  ) {
    throw invalid('ClinicalDocument', 'has too many elements, attributes or references');
  }
  const document = parse(text);
  if (document.children.some(({ type }) => type === 'doctype')) {
    throw invalid('ClinicalDocument', 'has a document type declaration, which is not taken');
  }
  const { root } = document;
  if (root === null) throw invalid('ClinicalDocument', 'is missing');
  if (isDeeperThan(root, MAX_DEPTH)) throw tooDeep();
  const namespaces = namespacesIn(root, new Map([['', '']]));
  if (!isCda(root, 'ClinicalDocument', namespaces)) {
    throw invalid('ClinicalDocument', `must be the root, in the namespace ${CDA_NAMESPACE}`);
  }
  return new CdaElement(root, namespaces, 'ClinicalDocument');
}

function parse(text: string): XmlDocument {
  try {
    return parseXml(text, { preserveDocumentType: true });
  } catch (error) {
    // The parser's own message quotes the text. It calls itself for each level, so that too many fill the stack.
    throw error instanceof RangeError ? tooDeep() : invalid('ClinicalDocument', 'is not well-formed XML');
  }
}

function tooDeep(): Error {
  return invalid('ClinicalDocument', 'is nested too deeply');
}

function hasMoreThan(text: string, character: string, limit: number): boolean {
  let found = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) {
    found += 1;
    if (found > limit) return true;
  }
  return false;
}

/** Level by level, not by recursion: the depth is what is asked for. */
function isDeeperThan(root: XmlElement, limit: number): boolean {
  let level: readonly XmlElement[] = [root];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    const next: XmlElement[] = [];
    for (const element of level) {
      for (const child of element.children) if (child instanceof XmlElement) next.push(child);
    }
    level = next;
  }
  return false;
}

/** The namespaces by prefix inside an element; the default one is under the empty prefix. */
function namespacesIn(element: XmlElement, outer: Namespaces): Namespaces {
  let inner: Map<string, string> | undefined;
  for (const [name, value] of Object.entries(element.attributes)) {
    if (name !== 'xmlns' && !name.startsWith('xmlns:')) continue;
    inner ??= new Map(outer);
    inner.set(name.slice('xmlns:'.length), value);
  }
  return inner ?? outer;
}

function isCda(element: XmlElement, name: string, namespaces: Namespaces): boolean {
  const colon = element.name.indexOf(':');
  if (element.name.slice(colon + 1) !== name) return false;
  return namespaces.get(element.name.slice(0, Math.max(colon, 0))) === CDA_NAMESPACE;
}
