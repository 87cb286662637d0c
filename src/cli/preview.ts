/**
 * `ductus preview`: what would be sent of a file, field by field with where it comes from. No server and no database: it
 * runs on a laptop, before a mapping goes into production. It shows patient data, from the operator's own file.
 */
import { Command, Option } from 'commander';
import type { ParsedResource } from '../transforms/model/content';
import { mapFile } from '../transforms/mapping';
import type { MapResult, MessageForm } from '../transforms/model/message';
import { configOf, type GlobalOptions } from './context';
import { configuredProfile, defaultProfile, type PreviewProfile } from './preview-profile';
import { printable } from './output';
import { readPreviewFile } from './preview-file';
import { ruleReasons } from './rule-reasons';
import { Lineage, messageLines } from './trace-lines';

interface PreviewOptions {
  readonly destination?: string;
  readonly organization?: string;
  readonly form?: MessageForm;
  readonly lineage: boolean;
}

const EXAMPLES = `
Examples:
  ductus preview bundle.json
  ductus preview bundle.json --form fhir --no-lineage
  ductus --config ductus.yaml preview bundle.json --destination emr-main`;

/** Builds the command. */
export function previewCommand(globals: () => GlobalOptions): Command {
  return new Command('preview')
    .description('show the messages that a file becomes, with lineage; nothing is sent and nothing is stored')
    .argument('<file>', 'a FHIR bundle (JSON) or a CDA document (XML)')
    .option('--destination <name>', 'a destination of the configuration')
    .option('--organization <name>', 'an organization of the configuration, when several use the destination')
    .addOption(
      new Option('--form <form>', 'form of the messages when there is no configuration').choices([
        'hl7',
        'fhir',
        'json',
      ]),
    )
    .option('--no-lineage', 'only the messages')
    .addHelpText('after', EXAMPLES)
    .action((file: string, options: PreviewOptions) => {
      const { content, changedAtMs } = readPreviewFile(file);
      const preview = profileOf(globals(), options);
      const lineage = new Lineage();
      const result = mapFile(content, preview.profile, {
        createdAtMs: changedAtMs,
        seed: `preview|${preview.organization}|${preview.destination}`,
        delivered: new Map(),
        leaveOut: new Set(),
        identities: new Map(),
        redelivery: false,
        site: preview.site,
        ...(options.lineage ? { traceOf: lineage.traceOf } : {}),
      });
      const lines =
        globals().json === true
          ? jsonLines(result, lineage, content.resources)
          : textLines(result, lineage, preview, content.resources).map(printable);
      // One write: a pipe that closes early (head, less) then ends it quietly.
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}

/** Without a configuration the defaults; a destination or an organization can only be one of a configuration. */
function profileOf(globals: GlobalOptions, options: PreviewOptions): PreviewProfile {
  const isConfigured =
    globals.config !== undefined ||
    (process.env['DUCTUS_CONFIG'] ?? '') !== '' ||
    options.destination !== undefined ||
    options.organization !== undefined;
  return isConfigured && options.form === undefined
    ? configuredProfile(configOf(globals), options)
    : defaultProfile(options.form ?? 'hl7');
}

function jsonLines(result: MapResult, lineage: Lineage, resources: readonly ParsedResource[]): string[] {
  const { messages, leftOut, unmapped, unread, kinds } = result;
  const paths = pathsOf(resources);
  return [
    ...messages.map((message, position) => JSON.stringify({ ...message, lineage: lineage.fieldsOf(position) })),
    JSON.stringify({
      messages: messages.length,
      kinds,
      leftOut: leftOut.map((each) => ({ ...each, path: paths.get(each.reference) })),
      unmapped: unmapped.map((each) => ({ ...each, path: paths.get(each.reference) })),
      unread,
    }),
  ];
}

function textLines(
  result: MapResult,
  lineage: Lineage,
  preview: PreviewProfile,
  resources: readonly ParsedResource[],
): string[] {
  const { messages, leftOut, unmapped, unread } = result;
  const reasons = ruleReasons();
  const paths = pathsOf(resources);
  const lines = [`Destination: ${preview.destination}`, `Organization: ${preview.organization}`];
  if (preview.hasOtherNumbers) {
    lines.push('Patient numbers are those of the sender here: a preview does not ask the registry.');
  }
  messages.forEach((message, position) => {
    const { form, text, kinds } = message;
    const counts = Object.entries(kinds).map(([kind, count]) => `${count} ${kind}`);
    lines.push('', `Message ${position + 1} of ${messages.length} (${form}): ${counts.join(', ')}`);
    lines.push(...messageLines(form, text, lineage.fieldsOf(position), reasons));
  });
  if (messages.length === 0) lines.push('', 'No message: nothing of the file would be sent.');
  const section = (title: string, entries: readonly string[]): void => {
    if (entries.length > 0) lines.push('', title, ...entries.map((entry) => `  ${entry}`));
  };
  const at = (reference: string): string => `${reference}  ${paths.get(reference) ?? ''}`.trimEnd();
  section(
    'Left out:',
    leftOut.map(({ reference, why }) => `${at(reference)}: ${why}`),
  );
  section(
    'Without a mapping:',
    unmapped.map(({ reference, why }) => `${at(reference)}: ${why}`),
  );
  section(
    'Elements that no mapping reads, and in how many resources:',
    Object.entries(unread).map(([element, count]) => `${element}: ${count}`),
  );
  return lines;
}

function pathsOf(resources: readonly ParsedResource[]): ReadonlyMap<string, string> {
  return new Map(resources.map(({ reference, path }) => [reference, path]));
}
