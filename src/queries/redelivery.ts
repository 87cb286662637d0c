/** Comparisons of a redelivery, for operators. */
import type { RedeliverySelection } from '../domain/redelivery';
import type { Store } from '../store/database';

/** The selection of the newest comparison with this digest: what a sign-off looks at again. */
export async function selectionOfDigest(store: Store, digest: string): Promise<RedeliverySelection | undefined> {
  const row = await store
    .selectFrom('redelivery')
    .select('selection')
    .where('digest', '=', digest)
    .orderBy('made_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.selection;
}
