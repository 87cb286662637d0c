/** Why a field is as it is: the sentences of the writers' own rules, which also make docs/guide/mapping.md. */
import { HL7_FORMS } from '../transforms/fhir-to-hl7/tables';
import { JSON_RULES } from '../transforms/fhir-to-json';
import type { FieldRule } from '../transforms/model/trace';
import { FHIR_RULES } from '../transforms/stu3-to-r4';

/** By the id of a rule. */
export type RuleReasons = ReadonlyMap<string, { readonly source: string; readonly why: string }>;

type Documented = Pick<FieldRule<never>, 'id' | 'source' | 'why'>;

/** A segment that the site's own module wrote. */
const SITE: Documented = { id: 'site', source: 'the site’s mapping module', why: 'the site changed or added it' };

/** The rules of all writers. */
export function ruleReasons(): RuleReasons {
  const hl7 = HL7_FORMS.flatMap(({ segments }) => segments.flatMap(({ table }): readonly Documented[] => table.rules));
  const rules: readonly Documented[] = [SITE, ...hl7, ...FHIR_RULES, ...JSON_RULES];
  return new Map(rules.map(({ id, source, why }) => [id, { source, why }]));
}
