/** The Patient of a transaction: what a server without this patient needs to know; one that has it keeps its own. */
import type { HumanName, PatientContext } from '../model/patient';
import type { EmrIdentity } from '../model/profile';
import { parseFhirTime } from '../model/time';
import type { Draft } from './conversion';
import { identifierOf, type Key } from './identity';

const GENDERS: ReadonlySet<string> = new Set(['male', 'female', 'other', 'unknown']);
/** Value set name-use, required. */
const NAME_USES: ReadonlySet<string> = new Set(['usual', 'official', 'temp', 'nickname', 'anonymous', 'old', 'maiden']);
const TABLE_0203_CODE = /^[A-Z]{2,5}$/;
const BIRTH_DATE_LENGTH = 'YYYY-MM-DD'.length;

export function patientResource({ details, identifier, emr }: PatientContext, key: Key): Draft {
  const identifiers = [{ ...(emr === undefined ? {} : typeAndAssigner(emr)), ...identifierOf(key) }];
  // The sender's number stays beside the hospital's own.
  if (emr !== undefined) identifiers.push(identifierOf({ system: identifier.system ?? '', value: identifier.value }));
  const names = (details?.name ?? []).map(nameOf).filter((name) => Object.keys(name).length > 0);
  const { gender, birthDate } = details ?? {};
  const isDate =
    birthDate !== undefined && birthDate.length <= BIRTH_DATE_LENGTH && parseFhirTime(birthDate) !== undefined;
  return {
    resourceType: 'Patient',
    identifier: identifiers,
    ...(names.length === 0 ? {} : { name: names }),
    ...(gender !== undefined && GENDERS.has(gender) ? { gender } : {}),
    ...(isDate ? { birthDate } : {}),
  };
}

function typeAndAssigner({ assigningAuthority, identifierType }: EmrIdentity): Draft {
  const [name = ''] = assigningAuthority.split('&');
  return {
    ...(TABLE_0203_CODE.test(identifierType)
      ? { type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: identifierType }] } }
      : {}),
    ...(name === '' ? {} : { assigner: { display: name } }),
  };
}

function nameOf({ use, text, family, given, prefix, suffix }: HumanName): Draft {
  return {
    ...(use !== undefined && NAME_USES.has(use) ? { use } : {}),
    ...said('text', text),
    ...said('family', family),
    ...parts('given', given),
    ...parts('prefix', prefix),
    ...parts('suffix', suffix),
  };
}

function said(name: string, text: string | undefined): Draft {
  return text === undefined || text === '' ? {} : { [name]: text };
}

function parts(name: string, texts: readonly (string | null)[] | undefined): Draft {
  const some = (texts ?? []).filter((text) => text !== null && text !== '');
  return some.length === 0 ? {} : { [name]: some };
}
