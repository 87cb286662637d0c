/** Languages: table 0296 is the sender's own; most write ISO 639. FHIR wants BCP 47 (STU3, Patient.communication.language). */

const ISO_639 = /^[A-Za-z]{2,3}(?:[-_][A-Za-z]{2})?$/;
/** The bibliographic codes of ISO 639-2 (`ger`), `mis`, `und` and `zxx` are no languages of BCP 47. */
const BIBLIOGRAPHIC: ReadonlyMap<string, string> = new Map([
  ['alb', 'sq'],
  ['arm', 'hy'],
  ['baq', 'eu'],
  ['bur', 'my'],
  ['chi', 'zh'],
  ['cze', 'cs'],
  ['dut', 'nl'],
  ['fre', 'fr'],
  ['geo', 'ka'],
  ['ger', 'de'],
  ['gre', 'el'],
  ['ice', 'is'],
  ['mac', 'mk'],
  ['mao', 'mi'],
  ['may', 'ms'],
  ['per', 'fa'],
  ['rum', 'ro'],
  ['slo', 'sk'],
  ['tib', 'bo'],
  ['wel', 'cy'],
]);
const NO_LANGUAGE: ReadonlySet<string> = new Set(['mis', 'mul', 'und', 'zxx']);

const KNOWN = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });

/** The BCP 47 tag of a code as senders write it: `DE`, `de-AT`, `deu`, `GER`. Undefined when there is no such language. */
export function languageTag(code: string): string | undefined {
  if (!ISO_639.test(code)) return undefined;
  const [language = '', region] = code.toLowerCase().split(/[-_]/);
  if (NO_LANGUAGE.has(language)) return undefined;
  // Where a language has a code of two letters, that is its tag (RFC 5646 §2.2.1).
  const tag = BIBLIOGRAPHIC.get(language) ?? Intl.getCanonicalLocales(language)[0] ?? language;
  if (KNOWN.of(tag) === undefined) return undefined;
  return region === undefined ? tag : `${tag}-${region.toUpperCase()}`;
}
