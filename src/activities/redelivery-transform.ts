/**
 * The transform step of a redelivery: messages of what was signed off, for one destination, when it is the patient's
 * turn. What is not exactly what was signed off is not sent.
 */
import { Context } from '@temporalio/activity';
import type { TransformResult, WorkKey } from '../domain/data-sharing';
import { DuctusError } from '../domain/errors';
import type { RedeliveryInput } from '../domain/redelivery';
import { fileOf, recordTransformed } from '../store/ledger';
import { pendingMessages } from '../store/messages';
import { sentHashes } from '../store/redelivery';
import { signedFile, type Signatures } from '../store/redelivery-plans';
import { takeTurn } from '../store/turns';
import { mapFile } from '../transforms/mapping';
import { countResult } from './data-sharing-counts';
import { applyConsentPolicy } from './data-sharing-consent';
import { placeMessages } from './data-sharing-transform';
import { organizationConfig, type ActivityDependencies } from './dependencies';
import { planFile, toSend, type FilePlan, type PlannedItem } from './redelivery-plan';
import { readSource } from './redelivery-source';

/**
 * @param work key of the redelivery
 * @throws DuctusError DUCTUS_REDELIVERY_CHANGED when today's mapping does not make what was signed off;
 *   DUCTUS_ORGANIZATION_REMOVED when nothing of the organization goes to the destination any more
 */
export async function transformRedelivery(
  deps: ActivityDependencies,
  input: RedeliveryInput,
  work: WorkKey,
  workflowId: string,
): Promise<TransformResult> {
  const { destination } = input;
  const organization = organizationConfig(deps.config, input.organization);
  if (!organization.destinations.includes(destination)) {
    throw new DuctusError(
      'DUCTUS_ORGANIZATION_REMOVED',
      `The organization "${input.organization}" no longer delivers to "${destination}".`,
    );
  }
  const file: WorkKey = {
    organization: input.organization,
    notificationId: input.notificationId,
    variant: input.variant,
  };
  const blocked = await waitForTurn(deps, input, work, workflowId);
  if (blocked !== undefined) return { status: 'blocked', behind: blocked };

  // Only now: what came before in the lane has been delivered, and a newer version that it brought wins.
  const [plan, sent, signed] = await Promise.all([
    planFile(deps, file, destination, work),
    sentHashes(deps.store, work, destination),
    signedFile(deps.store, input.planId, file),
  ]);
  if (signed === undefined || signed.digest !== input.fileDigest) {
    throw new DuctusError('DUCTUS_REDELIVERY_CHANGED', 'What was signed off for this file is no longer known.');
  }
  const refused = await applyConsentPolicy(deps, work, organization, plan.content);
  if (refused !== undefined) return refused;
  const items = checked(plan, toSend(plan, input.all), signed.signatures, sent);
  const { createdAtMs } = await fileOf(deps.store, work);
  const result = mapFile(plan.content, plan.profile, {
    ...plan.context,
    createdAtMs,
    seed: [work.organization, work.notificationId, work.variant, destination].join('|'),
    only: new Set(items.map(({ reference }) => reference)),
  });

  const { content, known, context } = plan;
  await placeMessages(deps, work, destination, result, { content, known, identities: context.identities });
  const pending = await pendingMessages(deps.store, work, destination);
  const { kinds, observations } = countResult(result);
  // What was signed off and is not sent: newer at the destination, sent before, or left out by an operator.
  const leftOut = signed.signatures.size - items.length;
  await recordTransformed(deps.store, work, { observations, kinds, leftOut, leftOutReasons: {}, unmapped: {} });
  return {
    status: 'ready',
    destinations: pending.length === 0 ? [] : [destination],
    messages: pending.length,
    observations,
    unmapped: {},
  };
}

/** @returns the work that is first, when it is not this one's turn */
async function waitForTurn(
  deps: ActivityDependencies,
  { destination }: RedeliveryInput,
  work: WorkKey,
  workflowId: string,
): Promise<string | undefined> {
  const stored = await fileOf(deps.store, work);
  const release = await deps.budget.acquire(stored.blob.bytes, Context.current().cancellationSignal);
  try {
    const { known, patients } = await readSource(deps, work, destination, stored);
    const lanes = patients.map((patient) => ({ destination, patient }));
    const hashes = [...known.values()].map(({ hash }) => hash);
    const turn = await takeTurn(deps.store, work, workflowId, lanes, hashes);
    return turn.granted ? undefined : turn.behind;
  } finally {
    release();
  }
}

/**
 * What is left to send of what was signed off. Left out may be what the destination has in a newer version by now, what
 * this work has sent, and what an operator left out; nothing may be added, and nothing be different.
 */
function checked(
  plan: FilePlan,
  wanted: readonly PlannedItem[],
  signed: Signatures,
  sent: ReadonlySet<string>,
): readonly PlannedItem[] {
  const items = wanted.filter(({ hashes }) => !hashes.some((hash) => sent.has(hash)));
  const remaining = new Set(signed.keys());
  let different = 0;
  for (const {
    hashes: [hash = ''],
    signature,
  } of items) {
    if (signed.get(hash) !== signature) different += 1;
    remaining.delete(hash);
  }
  for (const hash of remaining) {
    const mayBeMissing = sent.has(hash) || plan.newer.has(hash) || plan.elsewhere.has(hash) || plan.leftOut.has(hash);
    if (!mayBeMissing) different += 1;
  }
  if (different === 0) return items;
  throw new DuctusError(
    'DUCTUS_REDELIVERY_CHANGED',
    `Of this file, ${String(different)} resources would not be sent as they were signed off.`,
    { details: { different, signed: signed.size } },
  );
}
