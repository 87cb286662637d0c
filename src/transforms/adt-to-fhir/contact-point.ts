/** XTN → ContactPoint (v2-to-FHIR guide, XTN[ContactPoint]), in the forms of all versions since 2.1. */
import type { Hl7Field } from '../../protocols/hl7-v2/message';
import { TELECOM_SYSTEM, TELECOM_USE } from './code-tables';
import type { DocumentedRule } from './rule';
import type { ContactPoint } from './stu3';
import { clean, said } from './text';

export const DOCUMENTED_CONTACT_RULES: readonly DocumentedRule[] = [
  {
    id: 'xtn-value',
    source: 'XTN.5 to XTN.8, XTN.12, XTN.1',
    target: 'ContactPoint.value',
    how: 'put together of country, area, number and extension where XTN.7 is there; else XTN.12; else XTN.1, which is all that versions before 2.3 have',
  },
  {
    id: 'xtn-mail',
    source: 'XTN.4',
    target: 'ContactPoint.value',
    how: 'of an e-mail address; XTN.1 where an address stands there. Without @ it is none and is left out. Both a number and an address in one repetition are two contact points',
  },
  {
    id: 'xtn-3',
    source: 'XTN.3',
    target: 'ContactPoint.system',
    how: 'table 0202; phone where it is empty or not of the table: STU3 wants one (invariant cpt-2)',
  },
  {
    id: 'xtn-2',
    source: 'XTN.2, XTN.3',
    target: 'ContactPoint.use',
    how: 'mobile for equipment CP; else table 0201; else home for PID-13, work for PID-14',
  },
];

/** @param defaultUse of the field, where XTN.2 says nothing; '' for none */
export function readContacts(field: Hl7Field, defaultUse: string): ContactPoint[] {
  if (field.isEmpty) return [];
  const equipment = field.text(3).trim().toUpperCase();
  const use = field.text(2).trim().toUpperCase();
  const first = clean(field.text(1));
  const isMail = TELECOM_SYSTEM.get(equipment) === 'email' || use === 'NET';
  const mail = first.includes('@') ? first : clean(field.text(4));
  const contacts: ContactPoint[] = [];
  const number = isMail || first.includes('@') ? '' : numberOf(field, first);
  if (number !== '') {
    const system = use === 'BPN' ? 'pager' : (TELECOM_SYSTEM.get(equipment) ?? 'phone');
    const said0201 = equipment === 'CP' ? 'mobile' : TELECOM_USE.get(use);
    contacts.push({ system, value: number, ...said('use', said0201 ?? defaultUse) });
  }
  if (mail.includes('@')) {
    contacts.push({ system: 'email', value: mail, ...said('use', mailUse(use, defaultUse)) });
  }
  return contacts;
}

/** An address belongs to no telephone: PRS (personal, mobile) says nothing about it. */
function mailUse(use: string, defaultUse: string): string {
  const known = TELECOM_USE.get(use);
  return known === undefined || known === 'mobile' ? defaultUse : known;
}

function numberOf(field: Hl7Field, formatted: string): string {
  const local = clean(field.text(7));
  if (local === '') return clean(field.text(12)) || formatted;
  const country = clean(field.text(5)).replace(/^(?:\+|00)/, '');
  const extension = clean(field.text(8));
  return [country === '' ? '' : `+${country}`, clean(field.text(6)), local, extension === '' ? '' : `X${extension}`]
    .filter((part) => part !== '')
    .join(' ');
}

/** Without a second one of the same system and value: old systems repeat a number in PID-13 and PID-40. */
export function withoutRepeats(contacts: readonly ContactPoint[]): ContactPoint[] {
  const seen = new Set<string>();
  return contacts.filter(({ system, value }) => {
    const key = `${system} ${value}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
