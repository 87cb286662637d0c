/**
 * Consent of patients, as operators enter it: in one transaction with its entry in the list of decisions and in the audit.
 * It stands with the person's last number: who was merged into somebody else is that person.
 */
import { sql, type Transaction } from 'kysely';
import type { OrganizationId } from '../domain/identifiers';
import { Consent } from '../domain/patient-sync';
import type { Store } from './database';
import { mayBeMeant } from './persons';
import { lockPatients, recordPatientsChange, type MarksOf, type PatientOrder } from './patients';
import type { Database } from './schema';

/** One patient, and from when until when. */
export interface ConsentRow {
  readonly number: string;
  /** Undefined: whatever its system. */
  readonly system: string | undefined;
  readonly from: Date | undefined;
  /** The first moment at which it no longer holds. */
  readonly until: Date | undefined;
}

export interface ConsentOrder extends PatientOrder {
  readonly consent: typeof Consent.given | typeof Consent.withdrawn;
  /** Leave out numbers that nobody in the registry has, instead of refusing all. */
  readonly skipUnknown: boolean;
}

export type ConsentOutcome =
  | {
      readonly status: 'done';
      readonly changed: number;
      readonly unchanged: number;
      /** Numbers that nobody has; 0 unless they may be skipped. */
      readonly unknown: number;
    }
  /** Nothing was written. Positions of the entries that cannot be taken. */
  | {
      readonly status: 'refused';
      readonly unknown: readonly number[];
      /** Several people have the number: a system must be given. */
      readonly ambiguous: readonly number[];
      /** Another entry says something else of the same person. */
      readonly contradictory: readonly number[];
    };

const ROWS_AT_ONCE = 2000;

interface Person {
  readonly position: number;
  readonly patient: string;
}

/** Enters consent or its withdrawal for all entries or, when one cannot be taken, for none. */
export async function setConsent(
  store: Store,
  organization: OrganizationId,
  rows: readonly ConsentRow[],
  order: ConsentOrder,
  marksOf: MarksOf,
): Promise<ConsentOutcome> {
  return store.transaction().execute(async (trx) => {
    await lockPatients(trx, organization);
    const { people, ...problems } = match(rows, await peopleOf(trx, organization, rows));
    const { unknown, ambiguous, contradictory } = problems;
    const refused = ambiguous.length + contradictory.length + (order.skipUnknown ? 0 : unknown.length);
    if (refused > 0) return { status: 'refused', ...problems };
    const changed: { readonly system: string; readonly number: string }[] = [];
    const wanted = [...people];
    for (let done = 0; done < wanted.length; done += ROWS_AT_ONCE) {
      changed.push(...(await write(trx, organization, wanted.slice(done, done + ROWS_AT_ONCE), order)));
    }
    const counts = { changed: changed.length, unchanged: people.size - changed.length, unknown: unknown.length };
    if (changed.length > 0) {
      const action = order.consent === Consent.given ? 'consent-give' : 'consent-withdraw';
      const marks = changed.map(({ system, number }) =>
        marksOf({ sourceSystem: system, sourceValue: number, mrn: number }),
      );
      await recordPatientsChange(trx, organization, action, order, counts, marks);
    }
    return { status: 'done', ...counts };
  });
}

/** Who has each number, behind all merges. */
async function peopleOf(
  trx: Transaction<Database>,
  organization: OrganizationId,
  rows: readonly ConsentRow[],
): Promise<readonly Person[]> {
  const people: Person[] = [];
  for (let done = 0; done < rows.length; done += ROWS_AT_ONCE) {
    const chunk = rows.slice(done, done + ROWS_AT_ONCE);
    const found = await sql<Person>`
      with recursive up(position, patient, merged_into) as (
        select g.position, p.patient, p.merged_into
        from unnest(${chunk.map(({ number }) => number)}::text[], ${chunk.map(({ system }) => system ?? null)}::text[])
          with ordinality as g(number, system, position)
        join patient p on p.organization = ${organization} and p.number = g.number
          and (g.system is null or p.system = g.system) and ${mayBeMeant}
        union
        select up.position, p.patient, p.merged_into
        from up join patient p on p.organization = ${organization} and p.patient = up.merged_into
      )
      select distinct position::int as position, patient from up where merged_into is null
    `.execute(trx);
    people.push(...found.rows.map(({ position, patient }) => ({ position: done + position - 1, patient })));
  }
  return people;
}

function match(
  rows: readonly ConsentRow[],
  found: readonly Person[],
): {
  readonly people: ReadonlyMap<string, ConsentRow>;
  readonly unknown: readonly number[];
  readonly ambiguous: readonly number[];
  readonly contradictory: readonly number[];
} {
  const byPosition = new Map<number, string[]>();
  for (const { position, patient } of found) {
    const others = byPosition.get(position);
    if (others === undefined) byPosition.set(position, [patient]);
    else others.push(patient);
  }
  const people = new Map<string, ConsentRow>();
  const unknown: number[] = [];
  const ambiguous: number[] = [];
  const contradictory: number[] = [];
  for (const [position, row] of rows.entries()) {
    const [patient, ...others] = byPosition.get(position) ?? [];
    if (patient === undefined) unknown.push(position);
    else if (others.length > 0) ambiguous.push(position);
    else {
      const before = people.get(patient);
      if (before === undefined) people.set(patient, row);
      else if (timesOf(before) !== timesOf(row)) contradictory.push(position);
    }
  }
  return { people, unknown, ambiguous, contradictory };
}

function timesOf({ from, until }: ConsentRow): string {
  return `${String(from?.getTime())}/${String(until?.getTime())}`;
}

/** @returns those who changed: the same again is no change, unless something newer was decided under an earlier number */
async function write(
  trx: Transaction<Database>,
  organization: OrganizationId,
  people: readonly (readonly [patient: string, ConsentRow])[],
  { consent, by }: ConsentOrder,
): Promise<readonly { readonly system: string; readonly number: string }[]> {
  const { rows } = await sql<{ system: string; number: string }>`
    with recursive g(patient, consent_from, consent_until) as (
      select * from unnest(${people.map(([patient]) => patient)}::text[],
        ${people.map(([, { from }]) => from ?? null)}::timestamptz[],
        ${people.map(([, { until }]) => until ?? null)}::timestamptz[])
    ),
    down(last, patient) as (
      select patient, patient from g
      union
      select down.last, p.patient
      from down join patient p on p.organization = ${organization} and p.merged_into = down.patient
    ),
    overtaken as (
      select distinct down.last
      from down
      join patient own on own.organization = ${organization} and own.patient = down.last
      join patient old on old.organization = ${organization} and old.patient = down.patient
      where old.patient <> own.patient and old.consent <> ${Consent.missing}
        and (own.consent_at is null or old.consent_at >= own.consent_at)
    )
    update patient p set consent = ${consent}, consent_from = g.consent_from, consent_until = g.consent_until,
      consent_by = ${by}, consent_at = clock_timestamp(), updated_at = now()
    from g
    where p.organization = ${organization} and p.patient = g.patient
      and ((p.consent, p.consent_from, p.consent_until) is distinct from (${consent}, g.consent_from, g.consent_until)
        or p.patient in (select last from overtaken))
    returning p.system, p.number
  `.execute(trx);
  return rows;
}
