/** XAD → Address (v2-to-FHIR guide, XAD[Address] and SAD[Address]). */
import type { Hl7Field } from '../../protocols/hl7-v2/message';
import { ADDRESS_TYPE, ADDRESS_USE, NO_ADDRESS_OF_THE_PATIENT } from './code-tables';
import { applyRules, ruleTable, type DocumentedRule } from './rule';
import type { Address } from './stu3';
import { clean, isUnescaped, listed, said } from './text';

const ADDRESS_RULES = ruleTable<Hl7Field, Address, undefined>([
  {
    id: 'xad-7-use',
    source: 'XAD.7',
    target: 'Address.use',
    how: 'table 0190',
    write: (address) => said('use', ADDRESS_USE.get(typeOf(address)) ?? ''),
  },
  {
    id: 'xad-7-type',
    source: 'XAD.7',
    target: 'Address.type',
    how: 'table 0190: M and SH are postal',
    write: (address) => said('type', ADDRESS_TYPE.get(typeOf(address)) ?? ''),
  },
  {
    id: 'xad-1',
    source: 'XAD.1 (SAD.1 to SAD.3), XAD.2',
    target: 'Address.line',
    how: 'street (SAD.1; street name and number, SAD.2 and SAD.3, where it is empty), then the other designation',
    write: (address) =>
      listed(
        'line',
        [street(address), clean(address.text(2))].filter((line) => line !== ''),
      ),
  },
  {
    id: 'xad-3',
    source: 'XAD.3',
    target: 'Address.city',
    how: 'as it stands',
    write: (address) => said('city', clean(address.text(3))),
  },
  {
    id: 'xad-9',
    source: 'XAD.9; PID-12',
    target: 'Address.district',
    how: 'county; PID-12 where there is one address and it has none',
    write: (address) => said('district', clean(address.part(9, 1))),
  },
  {
    id: 'xad-4',
    source: 'XAD.4',
    target: 'Address.state',
    how: 'as it stands',
    write: (address) => said('state', clean(address.text(4))),
  },
  {
    id: 'xad-5',
    source: 'XAD.5',
    target: 'Address.postalCode',
    how: 'as it stands',
    write: (address) => said('postalCode', clean(address.text(5))),
  },
  {
    id: 'xad-6',
    source: 'XAD.6',
    target: 'Address.country',
    how: 'as it stands; HL7 and FHIR both want the codes of ISO 3166',
    write: (address) => said('country', clean(address.text(6))),
  },
]);

export const DOCUMENTED_ADDRESS_RULES: readonly DocumentedRule[] = ADDRESS_RULES;

/** Elements that say where; use and type alone are no address. */
const PLACES = ['line', 'city', 'district', 'state', 'postalCode', 'country'] as const;

/** Undefined when it says no place, or one where the patient is not found (place of birth and the like). */
export function readAddress(field: Hl7Field): Address | undefined {
  if (field.isEmpty || NO_ADDRESS_OF_THE_PATIENT.has(typeOf(field))) return undefined;
  const address: Address = applyRules(ADDRESS_RULES, field, undefined);
  return PLACES.some((element) => address[element] !== undefined) ? address : undefined;
}

function typeOf(address: Hl7Field): string {
  return address.text(7).trim().toUpperCase();
}

/** SAD has three parts; before v2.4 there were none. */
function street(address: Hl7Field): string {
  if (isUnescaped(address, 1, 3)) return clean(address.text(1));
  const whole = clean(address.part(1, 1));
  return whole === '' ? clean(`${address.part(1, 2)} ${address.part(1, 3)}`) : whole;
}
