/** The measure for throughput: a workflow with one empty regular activity. */
import { proxyActivities } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: 10_000 });

export async function emptyWorkflow(): Promise<void> {
  await nothing();
}
