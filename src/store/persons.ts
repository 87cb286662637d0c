/**
 * People behind numbers in the registry. A merge (A40) makes one number lead to another, so that a person may have
 * several: the last one of the chain is the survivor's, and what was decided about any of them was decided about the
 * person.
 */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { ConsentStanding } from '../domain/consent';
import type { OrganizationId } from '../domain/identifiers';
import { Consent, PatientState } from '../domain/patient-sync';
import type { Store } from './database';
import type { SourceNumber } from './patients';
import type { Database } from './schema';

/** Numbers of one statement. */
const NUMBERS_AT_ONCE = 2000;

/** The last patient of a chain of merges. */
export interface Survivor extends SourceNumber {
  readonly patient: string;
  readonly assigningAuthority: string;
}

/** A number that was asked for, by its place in the question, with what was found. */
interface Found<T> {
  readonly position: number;
  readonly found: T;
}

/**
 * The row `p` is not one whose number Roche has for somebody else, of another assigning authority: Roche knows a number once,
 * so that what is said of it is said of the one whom it has.
 */
export const mayBeMeant = sql`not (p.state = ${PatientState.new} and p.roche_patient_id is null and exists (
  select from patient o where o.organization = p.organization and o.number = p.number and o.system = p.system
    and o.patient <> p.patient and o.state in (${PatientState.creating}, ${PatientState.active})
))`;

/**
 * From each number up its chain of merges. `union` and not `union all`: a chain that leads back to itself ends there, and
 * has no last patient.
 */
function chains(organization: OrganizationId, numbers: readonly SourceNumber[]): RawBuilder<unknown> {
  return sql`
    up(position, patient, merged_into) as (
      select g.position, p.patient, p.merged_into
      from unnest(${numbers.map(({ sourceSystem }) => sourceSystem)}::text[],
        ${numbers.map(({ sourceValue }) => sourceValue)}::text[]) with ordinality as g(system, number, position)
      join patient p on p.organization = ${organization} and p.number = g.number and p.system = g.system
        and ${mayBeMeant}
      union
      select up.position, p.patient, p.merged_into
      from up join patient p on p.organization = ${organization} and p.patient = up.merged_into
    ),
    last(position, patient) as (select distinct position, patient from up where merged_into is null)`;
}

/**
 * Where merged numbers lead. A number that is not merged, that nobody has, or that leads to several people is not among
 * them.
 * @returns by the position of the number
 */
export async function survivorsOf(
  store: Kysely<Database>,
  organization: OrganizationId,
  numbers: readonly SourceNumber[],
): Promise<ReadonlyMap<number, Survivor>> {
  const found = await inChunks(numbers, async (chunk) => {
    const { rows } = await sql<Survivor & { readonly position: number }>`
      with recursive ${chains(organization, chunk)},
      merged as (select distinct position from up where merged_into is not null),
      one as (select position, min(patient) as patient from last group by position having count(*) = 1)
      select one.position::int as position, p.patient, p.system as "sourceSystem", p.number as "sourceValue",
        p.assigning_authority as "assigningAuthority"
      from merged join one using (position)
      join patient p on p.organization = ${organization} and p.patient = one.patient
    `.execute(store);
    return rows.map(({ position, ...survivor }) => ({ position, found: survivor }));
  });
  return new Map(found.map((each) => [each.position, each.found]));
}

/**
 * What is known of the people who have each number: created or not, and the newest decision about consent under any of
 * their numbers.
 * @returns by the position of the number; a number that nobody has is not among them
 */
export async function consentStandings(
  store: Store,
  organization: OrganizationId,
  numbers: readonly SourceNumber[],
): Promise<ReadonlyMap<number, readonly ConsentStanding[]>> {
  const found = await inChunks(numbers, async (chunk) => {
    const { rows } = await sql<ConsentStanding & { readonly position: number }>`
      with recursive ${chains(organization, chunk)},
      down(position, last, patient) as (
        select position, patient, patient from last
        union
        select down.position, down.last, p.patient
        from down join patient p on p.organization = ${organization} and p.merged_into = down.patient
      ),
      members as (
        select down.position, down.last, p.patient, p.consent, p.consent_from, p.consent_until, p.consent_at,
          p.roche_patient_id is not null or p.state in (${PatientState.creating}, ${PatientState.active}) as created
        from down join patient p on p.organization = ${organization} and p.patient = down.patient
      )
      select distinct on (position, last) position::int as position, consent, consent_from as "from",
        consent_until as until, bool_or(created) over (partition by position, last) as created
      from members
      order by position, last, consent = ${Consent.missing}, consent_at desc nulls last, consent = ${Consent.given},
        patient
    `.execute(store);
    return rows.map(({ position, ...standing }) => ({ position, found: standing }));
  });
  const standings = new Map<number, ConsentStanding[]>();
  for (const { position, found: standing } of found) {
    const others = standings.get(position);
    if (others === undefined) standings.set(position, [standing]);
    else others.push(standing);
  }
  return standings;
}

/**
 * All numbers of the people who have each number, itself among them.
 * @returns by the position of the number; a number that nobody has is not among them
 */
export async function personNumbers(
  store: Kysely<Database>,
  organization: OrganizationId,
  numbers: readonly SourceNumber[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const found = await inChunks(numbers, async (chunk) => {
    const { rows } = await sql<{ readonly position: number; readonly numbers: readonly string[] }>`
      with recursive ${chains(organization, chunk)},
      down(position, patient) as (
        select position, patient from last
        union
        select down.position, p.patient
        from down join patient p on p.organization = ${organization} and p.merged_into = down.patient
      )
      select down.position::int as position, array_agg(distinct p.number) as numbers
      from down join patient p on p.organization = ${organization} and p.patient = down.patient
      group by down.position
    `.execute(store);
    return rows.map(({ position, numbers: own }) => ({ position, found: own }));
  });
  return new Map(found.map((each) => [each.position, each.found]));
}

async function inChunks<T>(
  numbers: readonly SourceNumber[],
  ask: (chunk: readonly SourceNumber[]) => Promise<readonly Found<T>[]>,
): Promise<readonly Found<T>[]> {
  const all: Found<T>[] = [];
  for (let done = 0; done < numbers.length; done += NUMBERS_AT_ONCE) {
    const found = await ask(numbers.slice(done, done + NUMBERS_AT_ONCE));
    // PostgreSQL counts from 1.
    all.push(...found.map((each) => ({ position: done + each.position - 1, found: each.found })));
  }
  return all;
}
