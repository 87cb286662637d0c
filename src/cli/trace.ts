/** `ductus trace`: the whole story of a piece of work, from the ledger and Temporal's history. */
import { Command } from 'commander';
import { DuctusError } from '../domain/errors';
import { traceWork, type Traced } from '../runtime/trace';
import { recordAudit } from '../store/audit';
import { viewerHere, withReachable, type GlobalOptions } from './context';
import { printable, time } from './output';
import { parseCount } from './times';
import { lineageOf, type MessageLineage } from './trace-lineage';
import { fieldLine, messageLines } from './trace-lines';
import { ruleReasons } from './rule-reasons';
import { workDetails } from './work-details';

interface TraceOptions {
  readonly organization?: string;
  readonly lineage?: boolean;
  readonly limit: number;
}

const EXAMPLES = `
Examples:
  ductus trace 0f3c5d1e-…                                  # a notification
  ductus trace 4A1F0C…                                     # a message, by its MSH-10
  ductus trace Observation/123 --organization st-marien    # every file that held a resource
  ductus trace redelivery/st-marien/0f3c…/5f2c9a1be0d4     # a redelivery; its digest does too
  ductus trace 0f3c5d1e-… --lineage                        # with the fields of each message and what each was made of

\`--lineage\` shows values of patients. Without it none are shown.`;

/** Builds the command. @param globals options of the program, read when the command runs */
export function traceCommand(globals: () => GlobalOptions): Command {
  return new Command('trace')
    .description('the whole story of a notification, message, resource or redelivery')
    .argument('<id>', 'notification id, workflow id, MSH-10, FHIR reference, or digest of a redelivery')
    .option('--organization <id>', 'only this organization; needed for a FHIR reference')
    .option('--lineage', 'also the fields of each message, with what they were made of; shows values of patients')
    .option('--limit <n>', 'at most so many works, newest first', parseCount, 20)
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: TraceOptions) => {
      const { organization, limit, lineage } = options;
      await withReachable(globals(), async (parts) => {
        const { config, store } = parts;
        if (organization !== undefined && !Object.hasOwn(config.organizations, organization)) {
          throw new DuctusError('DUCTUS_NOT_FOUND', `There is no organization "${organization}" in the configuration.`);
        }
        const found = await traceWork(parts, { id, organization, limit });
        const lines: string[] = [];
        for (const traced of found) {
          if (lineage === true && traced.work !== undefined && store !== undefined) {
            // Before anything is shown: who has looked at values stands in the audit, or nobody looks.
            await recordAudit(store, {
              kind: 'payload-read',
              action: 'R',
              organization: traced.work.organization,
              work: traced.workflowId,
              ...viewerHere(),
              details: { what: 'lineage' },
            });
          }
          const messages =
            lineage === true && traced.work !== undefined && store !== undefined
              ? await lineageOf(config, store, traced.workflowId)
              : undefined;
          const missing = [
            ...traced.missing,
            ...(lineage === true && messages === undefined ? ['The lineage needs the ledger.'] : []),
            ...(messages?.missing ?? []),
          ];
          lines.push(
            ...(globals().json === true
              ? jsonLines(traced, messages?.messages ?? [], missing)
              : textLines(traced, messages?.messages ?? [], missing).map(printable)),
          );
        }
        process.stdout.write(`${lines.join('\n')}\n`);
      });
    });
}

function jsonLines(traced: Traced, messages: readonly MessageLineage[], missing: readonly string[]): string[] {
  const { workflowId, work, file, entries } = traced;
  const reasons = ruleReasons();
  return [
    JSON.stringify({ type: 'work', workflowId, ...work, file }),
    ...entries.map((entry) => JSON.stringify({ type: 'entry', workflowId, ...entry })),
    ...messages.flatMap(({ controlId, destination, fields }) =>
      fields.map((each) =>
        JSON.stringify({
          type: 'field',
          workflowId,
          controlId,
          destination,
          ...each,
          why: reasons.get(each.rule)?.why,
        }),
      ),
    ),
    ...missing.map((what) => JSON.stringify({ type: 'missing', workflowId, what })),
  ];
}

function textLines(traced: Traced, messages: readonly MessageLineage[], missing: readonly string[]): string[] {
  const { workflowId, work, file, entries } = traced;
  const lines = work === undefined ? [workflowId] : workDetails(work).split('\n');
  if (file !== undefined) {
    const parts = [
      file.objectKey ?? 'by pre-signed URL',
      ...(file.bytes === null ? ['not fetched'] : [`${String(file.bytes)} bytes`]),
      ...(file.etag === null ? [] : [`ETag ${file.etag}`]),
      ...(file.sha256 === null ? [] : [`SHA-256 ${file.sha256}`]),
      ...(file.bytes !== null && file.blobKey === null ? ['no longer in the blob store'] : []),
      ...(file.deleteAfter === null ? [] : [`kept until ${time(file.deleteAfter)}`]),
    ];
    lines.push('', `File: ${parts.join(', ')}`);
  }
  lines.push('', 'What happened:');
  for (const { at, from, kind, text } of entries) {
    lines.push(`  ${at.toISOString()}  ${from.padEnd(7)}  ${kind.padEnd(12)}  ${text}`);
  }
  if (entries.length === 0) lines.push('  nothing yet');
  const reasons = ruleReasons();
  for (const { controlId, destination, form, text, fields } of messages) {
    lines.push('', `Message ${controlId} to ${destination}:`);
    lines.push(
      ...(text === undefined
        ? fields.map((each) => fieldLine(each, reasons))
        : messageLines(form, text, fields, reasons)),
    );
  }
  if (missing.length > 0) lines.push('', 'Missing:', ...missing.map((what) => `  ${what}`));
  return [...lines, ''];
}
