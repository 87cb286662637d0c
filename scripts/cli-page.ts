/**
 * `docs/guide/cli.md`: every command of `ductus`, made from the program itself, so that the page cannot promise an option
 * that is not there. Examples are those of `--help`; what no command knows (how it is called, exit codes) stands here.
 */
import type { Argument, Command, Option } from 'commander';
import { EXIT } from '../src/cli/context';
import { program } from '../src/cli/main';

const EXITS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done',
  failed: 'not done; the message says why, with a code of [errors](../errors.md)',
  usage: 'the command or its options are wrong',
  config: 'the configuration, or a file that it names, is wrong',
  unavailable: 'Temporal or PostgreSQL cannot be reached',
};

const HEAD = `# The command \`ductus\`

<!-- Made by \`npm run docs\` from the program in src/cli. Change it there. -->

## How to call it

The guides write \`ductus\`. What that is depends on where Ductus is:

| where | what to type |
| --- | --- |
| a checkout, after \`npm start\`, \`npm test\` or \`npm run build\` | \`node_modules/.bin/node dist/src/cli/main.js\`, from its folder; or once \`alias ductus="$PWD/node_modules/.bin/node $PWD/dist/src/cli/main.js"\` |
| the demo that \`npm start\` runs | \`.ductus/demo/ductus\`: with the demo's configuration |
| \`docker-compose.yml\` | \`docker compose exec api node dist/src/cli/main.js\` |

The checkout brings its own Node 24; another one on the machine does not matter.

Options of the program stand before the command: \`ductus --config ductus.yaml --json parked list\`. Commands about work,
destinations and redelivery read the same configuration as the service (\`--config\`, or \`DUCTUS_CONFIG\`) and reach its
Temporal and PostgreSQL; \`ductus patients\` needs PostgreSQL only (its \`resend\` both), and \`ductus preview\`, \`ductus code-maps check\` and
\`ductus config check\` need no server.`;

/** The page, as Markdown. */
export function cliPage(): string {
  const root = program();
  return [
    HEAD,
    '',
    optionTable(root.options),
    '',
    '## Exit codes',
    '',
    '| code | meaning |',
    '| --- | --- |',
    ...Object.entries(EXITS).map(([name, meaning]) => `| ${String(exitCode(name))} | ${meaning} |`),
    '',
    '## Commands',
    '',
    ...leavesOf(root, '').map(({ name, command }) => `- [\`${name}\`](#${anchor(name)}): ${command.description()}`),
    '',
    ...leavesOf(root, '').flatMap(({ name, command }) => section(name, command)),
  ].join('\n');
}

function exitCode(name: string): number | undefined {
  return Object.entries(EXIT).find(([each]) => each === name)?.[1];
}

interface Leaf {
  readonly name: string;
  readonly command: Command;
}

/** Commands that do something; those that only hold others are part of their names. */
function leavesOf(command: Command, before: string): Leaf[] {
  const name = `${before} ${command.name()}`.trim();
  const below = command.commands.filter((each) => each.name() !== 'help');
  return below.length === 0 ? [{ name, command }] : below.flatMap((each) => leavesOf(each, name));
}

function section(name: string, command: Command): string[] {
  const help = helpOf(command);
  const usage = command.usage();
  return [
    `### ${name}`,
    '',
    `${sentence(command.description())}`,
    '',
    '```text',
    `${name} ${usage}`,
    '```',
    '',
    ...(command.registeredArguments.length === 0 && command.options.length === 0
      ? []
      : [argumentTable(command.registeredArguments, command.options), '']),
    ...(help === '' ? [] : [help, '']),
  ];
}

function argumentTable(args: readonly Argument[], options: readonly Option[]): string {
  return [
    '| argument or option | default | meaning |',
    '| --- | --- | --- |',
    ...args.map(
      (each) => `| \`${each.required ? `<${nameOf(each)}>` : `[${nameOf(each)}]`}\` | | ${each.description} |`,
    ),
    ...options.map(optionRow),
  ].join('\n');
}

function nameOf(argument: Argument): string {
  return `${argument.name()}${argument.variadic ? '...' : ''}`;
}

function optionTable(options: readonly Option[]): string {
  return ['| option | default | meaning |', '| --- | --- | --- |', ...options.map(optionRow)].join('\n');
}

function optionRow(option: Option): string {
  const unnamed = (option.argChoices ?? []).filter((choice) => !option.description.includes(choice));
  const choices = unnamed.length === 0 ? '' : ` (${(option.argChoices ?? []).join(', ')})`;
  return `| \`${option.flags}\` | ${presetOf(option)} | ${option.description}${choices} |`;
}

/** A default that depends on the machine has a description; `--no-…` is on until it is given. */
function presetOf(option: Option): string {
  if (option.mandatory) return 'required';
  if (option.negate) return '';
  if (option.defaultValueDescription !== undefined) return option.defaultValueDescription;
  return typeof option.defaultValue === 'string' ? `\`${option.defaultValue}\`` : '';
}

/** What stands behind the options in `--help`: examples, and remarks. Commander has no other door to it. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  const after = text.slice(command.helpInformation().length).trim();
  return after
    .replace(/^Examples?:\n((?: {2}.*\n?)+)/, (_, lines: string) => {
      const examples = lines.trimEnd().split('\n');
      return `${['```sh', ...examples.map((line) => line.trim()), '```'].join('\n')}\n`;
    })
    .trimEnd();
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function anchor(name: string): string {
  return name.replaceAll(' ', '-');
}
