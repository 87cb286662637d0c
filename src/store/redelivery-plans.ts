/**
 * Comparisons before a redelivery: what would be sent of each file, who signed it off, and when it is forgotten. Values of
 * patients are in none of it; what is signed off are keyed hashes.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { BlobRef, WorkKey } from '../domain/data-sharing';
import type { RedeliveryApproval, RedeliverySelection } from '../domain/redelivery';
import { recordAudit } from './audit';
import type { Store } from './database';
import { workColumns } from './ledger';
import { keyOf } from './redelivery';

/** Begins a comparison. Idempotent. */
export async function createPlan(
  store: Store,
  plan: { readonly planId: string; readonly selection: RedeliverySelection; readonly retainDays: number },
): Promise<void> {
  await store
    .insertInto('redelivery')
    .values({
      plan_id: plan.planId,
      destination: plan.selection.destination,
      selection: JSON.stringify(plan.selection),
      digest: null,
      report_key: null,
      report_sha256: null,
      report_bytes: null,
      made_at: null,
      delete_after: sql<Date>`now() + interval '1 day' * ${plan.retainDays}::float8`,
      approved_by: null,
      approved_reason: null,
      approved_at: null,
    })
    .onConflict((conflict) => conflict.column('plan_id').doNothing())
    .execute();
}

/** Keyed hash of a resource → keyed hash of what is said about it: what is signed off. */
export type Signatures = ReadonlyMap<string, string>;
const SIGNATURE_BYTES = 16;

export interface PlannedFile {
  readonly key: WorkKey;
  readonly digest: string;
  readonly signatures: Signatures;
}

/** Writes down what would be sent of a page of files. Repeating it changes nothing. */
export async function savePlannedFiles(store: Store, planId: string, files: readonly PlannedFile[]): Promise<void> {
  for (const { key, digest, signatures } of files) {
    const row = { digest, resources: signatures.size, signatures: packed(signatures) };
    await store
      .insertInto('redelivery_file')
      .values({ plan_id: planId, ...workColumns(key), ...row })
      .onConflict((conflict) =>
        conflict.columns(['plan_id', 'organization', 'notification_id', 'variant']).doUpdateSet(row),
      )
      .execute();
  }
}

function packed(signatures: Signatures): Buffer {
  return Buffer.concat(
    [...signatures].flatMap(([resource, signature]) => [
      Buffer.from(resource, 'base64url'),
      Buffer.from(signature, 'base64url'),
    ]),
  );
}

/** What was signed off of a file. */
export async function signedFile(store: Store, planId: string, key: WorkKey): Promise<PlannedFile | undefined> {
  const row = await store
    .selectFrom('redelivery_file')
    .select(['digest', 'signatures'])
    .where((eb) => eb.and({ plan_id: planId, ...workColumns(key) }))
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const signatures = new Map<string, string>();
  for (let at = 0; at < row.signatures.length; at += 2 * SIGNATURE_BYTES) {
    const middle = at + SIGNATURE_BYTES;
    signatures.set(
      row.signatures.subarray(at, middle).toString('base64url'),
      row.signatures.subarray(middle, middle + SIGNATURE_BYTES).toString('base64url'),
    );
  }
  return { key, digest: row.digest, signatures };
}

/** Files of a plan at a time, so that a plan of any size is read within bounded memory. */
const FILES_AT_ONCE = 1000;

/**
 * Closes a comparison: the digest is that of all files that would be sent, in the order of their keys.
 * @returns undefined when nothing would be sent
 */
export async function finishPlan(store: Store, planId: string, report: BlobRef): Promise<string | undefined> {
  const hash = createHash('sha256');
  let files = 0;
  for (let after: WorkKey | undefined; ;) {
    const page = await plannedFiles(store, planId, after, FILES_AT_ONCE);
    for (const { digest } of page) hash.update(digest);
    files += page.length;
    after = page.at(-1)?.key;
    if (page.length < FILES_AT_ONCE) break;
  }
  const digest = files === 0 ? undefined : hash.digest('hex').slice(0, 16);
  await store
    .updateTable('redelivery')
    .set({
      digest: digest ?? null,
      report_key: report.key,
      report_sha256: report.sha256,
      report_bytes: report.bytes,
      made_at: sql<Date>`coalesce(made_at, now())`,
    })
    .where('plan_id', '=', planId)
    .execute();
  return digest;
}

/** Files of a plan behind a place. */
export async function plannedFiles(
  store: Store,
  planId: string,
  after: WorkKey | undefined,
  limit: number,
): Promise<readonly { readonly key: WorkKey; readonly digest: string }[]> {
  const { rows } = await sql<{ organization: string; notification_id: string; variant: string; digest: string }>`
    select organization, notification_id, variant, digest from redelivery_file
    where plan_id = ${planId} and (organization, notification_id, variant) >
      (${after?.organization ?? ''}, ${after?.notificationId ?? ''}, ${after?.variant ?? ''})
    order by organization, notification_id, variant
    limit ${limit}
  `.execute(store);
  return rows.map((row) => ({ key: keyOf(row), digest: row.digest }));
}

export interface ApprovedPlan {
  readonly planId: string;
  readonly selection: RedeliverySelection;
  readonly by: string;
  readonly reason: string;
  readonly approvedAt: Date;
  readonly files: number;
}

/** The plan that was signed off under this digest. */
export async function approvedPlan(store: Store, digest: string): Promise<ApprovedPlan | undefined> {
  const row = await store
    .selectFrom('redelivery as r')
    .select(['r.plan_id', 'r.selection', 'r.approved_by', 'r.approved_reason', 'r.approved_at'])
    .select((eb) =>
      eb
        .selectFrom('redelivery_file as f')
        .whereRef('f.plan_id', '=', 'r.plan_id')
        .select((each) => each.fn.countAll<number>().as('files'))
        .as('files'),
    )
    .where('r.digest', '=', digest)
    .where('r.approved_at', 'is not', null)
    .executeTakeFirst();
  if (row === undefined || row.approved_at === null) return undefined;
  return {
    planId: row.plan_id,
    selection: row.selection,
    by: row.approved_by ?? '',
    reason: row.approved_reason ?? '',
    approvedAt: row.approved_at,
    files: row.files ?? 0,
  };
}

/** Writes a sign-off down, in the plan and in the append-only list of decisions. Idempotent. */
export async function approvePlan(store: Store, planId: string, approval: RedeliveryApproval): Promise<void> {
  await store.transaction().execute(async (trx) => {
    const updated = await trx
      .updateTable('redelivery')
      .set({ approved_by: approval.by, approved_reason: approval.reason, approved_at: new Date() })
      .where('plan_id', '=', planId)
      .where('approved_at', 'is', null)
      .returning('destination')
      .executeTakeFirst();
    if (updated === undefined) return;
    await recordAudit(trx, {
      kind: 'redelivery-approval',
      action: 'E',
      destination: updated.destination,
      by: approval.by,
      details: { digest: approval.digest, plan: planId, reason: approval.reason },
    });
    await trx
      .insertInto('decision')
      .values({
        organization: null,
        notification_id: null,
        destination: updated.destination,
        action: 'redeliver',
        by: approval.by,
        reason: approval.reason,
        details: JSON.stringify({ digest: approval.digest, plan: planId }),
        at: new Date(),
      })
      .execute();
  });
}

/** Comparisons whose time is over, and whose files are not being sent. */
export async function expiredPlans(store: Store, limit: number): Promise<readonly { readonly planId: string }[]> {
  const { rows } = await sql<{ plan_id: string }>`
    select r.plan_id from redelivery r
    where r.delete_after < now() and (r.report_key is not null or r.approved_at is null)
      and not exists (select 1 from redelivery_file f join notification n
        on n.organization = f.organization and n.notification_id = f.notification_id
          and n.variant = f.variant || 'r' || left(r.digest, 12)
        where f.plan_id = r.plan_id and n.closed_at is null)
    order by r.delete_after
    limit ${limit}
  `.execute(store);
  return rows.map((row) => ({ planId: row.plan_id }));
}

/** Forgets a comparison; who signed what off stays. */
export async function forgetPlan(store: Store, planId: string): Promise<void> {
  await store.transaction().execute(async (trx) => {
    await trx.deleteFrom('redelivery_file').where('plan_id', '=', planId).execute();
    await trx.deleteFrom('redelivery').where('plan_id', '=', planId).where('approved_at', 'is', null).execute();
    await trx
      .updateTable('redelivery')
      .set({ report_key: null, report_sha256: null, report_bytes: null })
      .where('plan_id', '=', planId)
      .execute();
  });
}

/** Marks of the patients whose data stands in the difference of a plan, each patient's together. */
export async function marksInPlan(store: Store, planId: string): Promise<readonly (readonly string[])[]> {
  const { rows } = await sql<{ patients: readonly string[] }>`
    select distinct m.patients from redelivery_file f
    join message m on m.organization = f.organization and m.notification_id = f.notification_id
      and (m.variant = f.variant or m.variant like f.variant || 'r%')
    where f.plan_id = ${planId} and cardinality(m.patients) > 0
  `.execute(store);
  return rows.map(({ patients }) => patients);
}
