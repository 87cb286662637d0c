/** `ductus links`: saved views of the Temporal Web UI, as addresses to click or to keep as bookmarks. */
import { Command } from 'commander';
import { OrganizationIdSchema } from '../domain/identifiers';
import { isErrorCode } from '../domain/errors';
import { savedViews, viewUrl } from '../domain/saved-views';
import { configOf, type GlobalOptions } from './context';
import { table } from './output';

interface LinkOptions {
  readonly ui?: string;
  readonly organization?: string;
  readonly flow?: string;
  readonly code?: string;
}

/** Builds the command. */
export function linksCommand(globals: () => GlobalOptions): Command {
  const links = new Command('links')
    .description('saved views of the Temporal Web UI: parked, being retried, waiting, slow, duplicates, redeliveries')
    .argument('[view]', 'one view only')
    .option('--ui <url>', 'address of the Web UI (default: temporal.webUi of the configuration, or the embedded one)')
    .option('--organization <id>', 'of one organization')
    .option('--flow <flow>', 'of one flow, as data-sharing')
    .option('--code <code>', 'with one error code')
    .addHelpText(
      'after',
      '\nExamples:\n  ductus links\n  ductus links parked --organization st-marien\n  ductus links --json',
    );
  links.action((view: string | undefined, options: LinkOptions) => {
    const config = configOf(globals());
    const { organization, flow, code } = options;
    if (organization !== undefined && !OrganizationIdSchema.safeParse(organization).success)
      links.error('--organization: not the id of an organization');
    if (flow !== undefined && !/^[a-z-]+$/.test(flow)) links.error('--flow: not the name of a flow');
    if (code !== undefined && !isErrorCode(code)) links.error('--code: not one of the codes in docs/errors.md');
    if (options.ui !== undefined && !/^https?:$/.test(URL.parse(options.ui)?.protocol ?? ''))
      links.error('--ui: not an http or https address');
    const { webUi, embedded, namespace } = config.temporal;
    const ui = options.ui ?? webUi ?? `http://127.0.0.1:${String(embedded.uiPort)}`;
    const filter = {
      ...(organization === undefined ? {} : { organization }),
      ...(flow === undefined ? {} : { flow }),
      ...(code === undefined ? {} : { code }),
    };
    const all = savedViews(Date.now(), filter);
    const found = all.filter(({ id }) => view === undefined || id === view);
    if (found.length === 0) links.error(`there is no view "${view ?? ''}": ${all.map(({ id }) => id).join(', ')}`);
    const rows = found.map((each) => ({ ...each, url: viewUrl(ui, namespace, each.query) }));
    if (globals().json === true) for (const row of rows) console.log(JSON.stringify(row));
    else
      console.log(
        table(
          ['VIEW', 'WHAT', 'ADDRESS'],
          rows.map(({ id, title, url }) => [id, title, url]),
          '',
        ),
      );
  });
  return links;
}
