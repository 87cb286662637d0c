/** XPN → HumanName (v2-to-FHIR guide, XPN[HumanName] and FN[HumanName]). */
import type { Hl7Field } from '../../protocols/hl7-v2/message';
import { NAME_USE, NO_NAME_OF_THE_PATIENT } from './code-tables';
import { applyRules, ruleTable, type DocumentedRule } from './rule';
import type { Extension, HumanName } from './stu3';
import { clean, isUnescaped, listed, said } from './text';

const FAMILY_PARTS = [
  { part: 2, url: 'http://hl7.org/fhir/StructureDefinition/humanname-own-prefix' },
  { part: 3, url: 'http://hl7.org/fhir/StructureDefinition/humanname-own-name' },
  { part: 4, url: 'http://hl7.org/fhir/StructureDefinition/humanname-partner-prefix' },
  { part: 5, url: 'http://hl7.org/fhir/StructureDefinition/humanname-partner-name' },
] as const;

const NAME_RULES = ruleTable<Hl7Field, HumanName, string>([
  {
    id: 'xpn-7',
    source: 'XPN.7',
    target: 'HumanName.use',
    how: 'table 0200; a name without type has no use, an alias (PID-9) is a nickname',
    write: (name, defaultUse) => said('use', NAME_USE.get(name.text(7).trim().toUpperCase()) ?? defaultUse),
  },
  {
    id: 'xpn-1',
    source: 'XPN.1 (FN.1 to FN.5)',
    target: 'HumanName.family',
    how: 'FN.1; with the own prefix of FN.2 before it where FN.1 has it not (v2.3.1 keeps them apart); made of FN.2 to FN.5 where it is empty. FN.2 to FN.5 also as the extensions humanname-own-prefix, own-name, partner-prefix and partner-name',
    write: familyOf,
  },
  {
    id: 'xpn-2',
    source: 'XPN.2, XPN.3',
    target: 'HumanName.given',
    how: 'the first given name, then the others as they stand',
    write: (name) => listed('given', texts(name, 2, 3)),
  },
  {
    id: 'xpn-5',
    source: 'XPN.5',
    target: 'HumanName.prefix',
    how: 'as it stands',
    write: (name) => listed('prefix', texts(name, 5)),
  },
  {
    id: 'xpn-4',
    source: 'XPN.4, XPN.6, XPN.14',
    target: 'HumanName.suffix',
    how: 'suffix, degree, professional suffix',
    write: (name) => listed('suffix', texts(name, 4, 6, 14)),
  },
]);

export const DOCUMENTED_NAME_RULES: readonly DocumentedRule[] = NAME_RULES;

/**
 * A name; undefined when it is somebody else's, or empty.
 * @param defaultUse when XPN.7 says none; '' for none
 */
export function readName(field: Hl7Field, defaultUse: string): HumanName | undefined {
  if (field.isEmpty || NO_NAME_OF_THE_PATIENT.has(field.text(7).trim().toUpperCase())) return undefined;
  const name: HumanName = applyRules(NAME_RULES, field, defaultUse);
  return name.family === undefined && name.given === undefined ? undefined : name;
}

/** True when Roche takes the name: `name.given` and `name.family` are mandatory (SPECS §1.2). */
export function isComplete(name: HumanName): boolean {
  return name.family !== undefined && name.given !== undefined;
}

function familyOf(name: Hl7Field): Partial<HumanName> {
  if (isUnescaped(name, 1, 5)) return said('family', clean(name.text(1)));
  const parts = FAMILY_PARTS.map(({ part, url }) => ({ url, valueString: clean(name.part(1, part)) }));
  const extension: readonly Extension[] = parts.filter(({ valueString }) => valueString !== '');
  if (extension.length === 0) return said('family', clean(name.text(1)));
  const surname = clean(name.part(1, 1));
  const ownPrefix = parts[0]?.valueString ?? '';
  const family =
    surname === ''
      ? extension.map(({ valueString }) => valueString).join(' ')
      : startsWith(surname, ownPrefix)
        ? surname
        : `${ownPrefix} ${surname}`;
  return { family, _family: { extension } };
}

function startsWith(surname: string, prefix: string): boolean {
  return prefix === '' || surname.toLowerCase().startsWith(prefix.toLowerCase());
}

function texts(name: Hl7Field, ...components: readonly number[]): string[] {
  return components.map((component) => clean(name.text(component))).filter((text) => text !== '');
}
