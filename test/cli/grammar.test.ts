/** One grammar for all commands: each says what it does, has an example, and gives JSON lines to programs. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { program } from '../../src/cli/main';
import { openHospital, startWorld, type World } from '../support/ductus';
import { bundle, result, share } from '../support/hospital-steps';
import { operatorOf } from '../support/operator';
import { temporaryFolder } from '../support/temporary-folder';
import { testTemporalAddress } from '../support/temporal';

/** Commands that do something, by their whole name. */
function leaves(command: Command, before: readonly string[] = []): readonly (readonly [string, Command])[] {
  const found = command.commands.flatMap((each) => leaves(each, [...before, each.name()]));
  return command.commands.length === 0 ? [[before.join(' '), command]] : found;
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => void (text += part) });
  command.outputHelp();
  return text;
}

const commands = leaves(program());

describe('help', () => {
  it.each(commands.map(([name, command]) => ({ name, command })))(
    'should say what `$name` does, with an example',
    ({ name, command }) => {
      expect(command.description()).not.toBe('');
      const help = helpOf(command);
      expect(help).toMatch(/\nExamples?:\n {2}ductus /);
      expect(help).toContain(`ductus ${name}`.split(' ').slice(0, 2).join(' '));
      for (const option of command.options)
        expect({ option: option.flags, text: option.description }).not.toMatchObject({ text: '' });
    },
  );

  it('should ask for a reason wherever somebody decides', () => {
    const deciding = commands.filter(([, command]) => command.options.some((option) => option.long === '--reason'));
    for (const [name, command] of deciding) {
      expect({ name, by: command.options.some((option) => option.long === '--by') }).toEqual({ name, by: true });
    }
    expect(deciding.map(([name]) => name)).toEqual(
      expect.arrayContaining(['parked retry', 'destinations hold', 'redeliver']),
    );
  });
});

describe('--json', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(testTemporalAddress());
  });
  afterAll(() => world.stop());

  it('should give one object a line, whatever the command', async () => {
    await using hospital = await openHospital(world);
    using folder = temporaryFolder();
    const operator = operatorOf(hospital, folder.path);
    const { messageId } = await share(hospital, bundle(1));
    await result(hospital, messageId);
    const id = hospital.workflowId(messageId);
    const file = path.join(folder.path, 'bundle.json');
    writeFileSync(file, JSON.stringify(bundle(2)));
    const patients = path.join(folder.path, 'patients.csv');
    writeFileSync(patients, 'source_system,source_value,mrn,assigning_authority,identifier_type\nurn:x,1,2,A,MR\n');
    const why = ['--reason', 'a test'];
    const organization = ['--organization', hospital.organizationId];
    /** Arguments for each command; those that end with another code than 0 say why on the other stream. */
    const calls: Readonly<Record<string, readonly string[]>> = {
      'parked list': [],
      'parked show': [id],
      'parked retry': [id, ...why],
      'parked skip': [id, ...why],
      'parked discard': ['--all', ...why],
      trace: [messageId],
      doctor: [],
      'destinations list': [],
      'destinations hold': [hospital.destination, ...why],
      'destinations resume': [hospital.destination, ...why],
      redeliver: ['--diff', '--destination', hospital.destination],
      'patients import': [patients, ...organization],
      'patients list': [],
      'patients show': organization,
      'patients consent give': [...organization, ...why],
      'patients consent withdraw': [...organization, ...why],
      'patients resend': ['--all', ...organization, ...why],
      'patients unmerge': [id, ...organization, ...why],
      'patients worklist': [],
      'patients remove': [...organization, '--system', 'urn:x', ...why],
      'audit list': [],
      'audit export': [],
      'audit verify': [],
      'history export': [id],
      'releases list': [],
      'releases current': ['1.0.0'],
      'keys list': [],
      links: [],
      preview: [file],
      'code-maps check': ['examples/glucose.codes.yaml'],
      'config check': [],
    };
    // A server: its log is JSON lines in any case, and it ends by a signal.
    const missing = commands.map(([name]) => name).filter((name) => name !== 'serve' && calls[name] === undefined);
    expect(missing).toEqual([]);
    for (const [name, args] of Object.entries(calls)) {
      const { status, stdout, stderr } = await operator.run('--json', ...name.split(' '), ...args);
      // Done, or not done with a reason; only the doctor gives its reasons as lines. Never wrong usage or a crash.
      const isExplained = stderr.startsWith('ductus: ') || name === 'doctor' || stdout !== '';
      expect({ name, status, isExplained, stderr }).toEqual({
        name,
        status: status === 0 ? 0 : 1,
        isExplained: status === 0 ? expect.any(Boolean) : true,
        stderr,
      });
      for (const line of stdout.split('\n').filter((each) => each !== '')) {
        expect({ name, line: parsed(line) }).toEqual({ name, line: expect.any(Object) });
      }
    }
  }, 180_000);
});

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return `no JSON: ${line.slice(0, 200)}`;
  }
}
