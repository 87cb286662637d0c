/** A name for what one step of a workflow writes down once, however often the step is repeated. */
import { Context } from '@temporalio/activity';
import { auditId } from '../store/audit';

/** The same in every attempt of an activity, and for no other activity. */
export function stepId(): string {
  const { workflowExecution, activityId } = Context.current().info;
  return auditId('step', workflowExecution?.runId ?? '', activityId);
}
