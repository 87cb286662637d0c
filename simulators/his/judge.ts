/**
 * Compares what the HIS was told that Ductus has with what Roche has: what is lost, there twice, out of order or different.
 * Needs nothing of Ductus.
 */
import { z } from 'zod';
import type { AcceptedRequest, PatientStats, StoredPatient } from '../roche-dc/patients-statistics';
import type { LedgerEntry } from './ledger';
import { numberOfMarker } from './plan';

/** The part of an STU3 Patient that shows what was sent. */
const PatientSchema = z.object({
  resourceType: z.literal('Patient'),
  name: z.array(z.object({ family: z.string(), given: z.array(z.string()) })).min(1),
  telecom: z.array(z.object({ system: z.string(), value: z.string() })).default([]),
  birthDate: z.string().optional(),
  gender: z.string().optional(),
  address: z
    .array(
      z.object({
        line: z.array(z.string()).default([]),
        city: z.string().optional(),
        postalCode: z.string().optional(),
      }),
    )
    .default([]),
});

const ConditionSchema = z.object({
  resourceType: z.literal('Condition'),
  code: z.object({ coding: z.array(z.object({ code: z.string() })) }),
});

export interface SyncVerdict {
  /** Patients that Roche has to have in the end. */
  readonly patients: number;
  /** Messages answered AA. */
  readonly accepted: number;
  /** Messages without a final answer AA. */
  readonly notAccepted: readonly number[];
  /** Numbers of patients whose last accepted state Roche does not have. */
  readonly lost: readonly string[];
  /** Numbers under which Roche has more than one patient, or created one more than once. */
  readonly duplicated: readonly string[];
  /** Stored requests that brought an older message than the one before, or one about a number that had ended. */
  readonly outOfOrder: readonly string[];
  /** Elements of a patient's last state that are not what the HIS sent, as `SYN-1: name.family`. */
  readonly different: readonly string[];
  /** Patients at Roche whom the HIS never sent. */
  readonly unexpected: readonly string[];
}

/** @param ledger of the HIS; @param roche of one organization */
export function judgeSync(
  ledger: readonly LedgerEntry[],
  roche: Pick<PatientStats, 'patients' | 'accepted'>,
): SyncVerdict {
  const accepted = ledger.filter((entry) => entry.accepted);
  const merges = accepted.flatMap((entry) =>
    entry.priorNumber === undefined
      ? []
      : [{ prior: entry.priorNumber, survivor: entry.person.number, at: entry.number }],
  );
  const ended = new Map(merges.map((merge) => [merge.prior, merge]));
  const survivorOf = (number: string): string => {
    let current = number;
    for (let next = ended.get(current); next !== undefined; next = ended.get(current)) {
      current = next.survivor;
    }
    return current;
  };
  const last = new Map<string, LedgerEntry>();
  for (const entry of accepted) {
    const survivor = survivorOf(entry.person.number);
    if ((last.get(survivor)?.number ?? 0) < entry.number) {
      last.set(survivor, entry);
    }
  }
  const stored = Map.groupBy(roche.patients, ({ identifier }) => identifier.value);
  const lost: string[] = [];
  const different: string[] = [];
  for (const [number, entry] of last) {
    const patient = stored.get(number)?.[0];
    if (patient === undefined || messageOf(patient.resources) !== entry.number) {
      lost.push(number);
    } else {
      different.push(...differences(patient, entry).map((element) => `${number}: ${element}`));
    }
  }
  const sent = new Set(ledger.map(({ person }) => person.number));
  return {
    patients: last.size,
    accepted: accepted.length,
    notAccepted: ledger.filter((entry) => !entry.accepted).map(({ number }) => number),
    lost,
    duplicated: duplicatesIn(roche, stored),
    outOfOrder: disorderIn(roche.accepted, (number) => ended.get(number)?.at),
    different,
    unexpected: [...stored.keys()].filter((number) => !sent.has(number)),
  };
}

function duplicatesIn(
  { accepted }: Pick<PatientStats, 'accepted'>,
  stored: ReadonlyMap<string, readonly StoredPatient[]>,
): string[] {
  const created = Map.groupBy(
    accepted.filter(({ operation }) => operation === 'create'),
    ({ identifier }) => identifier.value,
  );
  const twice = [...created].filter(([, creates]) => creates.length > 1).map(([number]) => number);
  const several = [...stored].filter(([, patients]) => patients.length > 1).map(([number]) => number);
  return [...new Set([...twice, ...several])];
}

function disorderIn(accepted: readonly AcceptedRequest[], endedAt: (number: string) => number | undefined): string[] {
  const newest = new Map<string, number>();
  const found: string[] = [];
  for (const { seq, identifier, resources } of accepted) {
    const message = messageOf(resources) ?? 0;
    const before = newest.get(identifier.value) ?? 0;
    const end = endedAt(identifier.value);
    if (message < before || (end !== undefined && message > end)) {
      found.push(`${identifier.value}: request ${seq} brought message ${message} after ${before}`);
    }
    newest.set(identifier.value, Math.max(before, message));
  }
  return found;
}

/** Number of the message that resources come from. */
export function messageOf(resources: readonly object[]): number | undefined {
  const patient = PatientSchema.safeParse(resources[0]);
  if (!patient.success) {
    return undefined;
  }
  return patient.data.telecom.map(({ value }) => numberOfMarker(value)).find((number) => number !== undefined);
}

function differences({ resources }: StoredPatient, { person, event }: LedgerEntry): string[] {
  const [patient] = resources.flatMap((resource) => {
    const parsed = PatientSchema.safeParse(resource);
    return parsed.success ? [parsed.data] : [];
  });
  const codes = resources.flatMap((resource) => {
    const parsed = ConditionSchema.safeParse(resource);
    return parsed.success ? parsed.data.code.coding.map(({ code }) => code) : [];
  });
  const [name] = patient?.name ?? [];
  const address = patient?.address[0];
  const email = patient?.telecom.find(({ system }) => system === 'email')?.value;
  const checks: readonly (readonly [string, boolean])[] = [
    ['name.family', name?.family === person.family],
    ['name.given', name?.given.join(' ') === person.given.join(' ')],
    ['birthDate', patient?.birthDate === person.birthDate],
    ['gender', patient?.gender === person.gender],
    ['telecom', email === person.email],
    ['address.line', address?.line[0] === person.street],
    ['address.city', address?.city === person.city],
    ['address.postalCode', address?.postalCode === person.postalCode],
    // A merge says nothing about diagnoses.
    ['Condition.code', event === 'A40' || person.diabetes === undefined || codes.includes(person.diabetes.snomed)],
  ];
  return checks.filter(([, isRight]) => !isRight).map(([element]) => element);
}
