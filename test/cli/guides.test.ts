/** Every `ductus` command that the documents show: that the program has it, and, guide by guide, that it works. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { program } from '../../src/cli/main';
import { openStore } from '../../src/store/database';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { acknowledged, bundle, parked, result, share } from '../support/hospital-steps';
import { authority, inputWith, restartWith } from '../support/redelivery-steps';
import { register } from '../support/registry';
import { temporaryFolder } from '../support/temporary-folder';
import { testTemporalAddress } from '../support/temporal';
import { ROOT, run, type Ended } from './ductus-command';

const GUIDE = path.join(ROOT, 'docs/guide');
const MAIN = path.join(ROOT, 'dist/src/cli/main.js');

const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  'examples/README.md',
  ...['docs/guide', 'docs/operations', 'docs/reference'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
];

/** Lines of the blocks of one kind. */
function blocks(file: string, kind: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(new RegExp(`\`\`\`${kind}\\n([^]*?)\`\`\``, 'g'))].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );
}

/** The words of a line as a shell would split it, without redirections and comments. */
function wordsOf(line: string): string[] {
  const words = line
    .replace(/ {2,}#.*$/, '')
    .replace(/ [<>] [\w.]+$/, '')
    .replaceAll('…', '');
  return [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** The program with commands that do nothing: what is wrong with the words of a line shows all the same. */
function dryProgram(): Command {
  const root = program();
  const dry = (command: Command): void => {
    command.exitOverride((error) => {
      throw error;
    });
    command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (command.commands.length === 0) command.action(() => undefined);
    command.commands.forEach(dry);
  };
  dry(root);
  return root;
}

describe('the documents', () => {
  const shown = DOCUMENTS.flatMap((document) =>
    blocks(path.join(ROOT, document), '(?:sh|text)')
      .map((line) => line.trim())
      .filter((line) => /^(?:\.ductus\/demo\/)?ductus /.test(line) && !/ \[(?:options|ids|files)/.test(line)),
  );
  const inline = DOCUMENTS.flatMap((document) =>
    [...readFileSync(path.join(ROOT, document), 'utf8').matchAll(/`(ductus [^`\n]+ [^`\n]+)`/g)].map(
      ([, line = '']) => line,
    ),
  ).filter((line) => / --?\w/.test(line));

  it('should show commands', () => {
    expect(shown.length).toBeGreaterThan(30);
    expect(inline.length).toBeGreaterThan(2);
  });

  it.each([...new Set([...shown, ...inline])])('should show a command that the program has: %s', async (line) => {
    const words = wordsOf(line).slice(1);
    await expect(dryProgram().parseAsync(words, { from: 'user' })).resolves.toBeDefined();
  });
});

describe('the guides, with a running Ductus', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(testTemporalAddress());
  });
  afterAll(() => world.stop());

  /** A shell of an operator of the hospital; names of the guides stand for those of the hospital. */
  function shell(hospital: Hospital, folder: string, fix: object = {}) {
    writeFileSync(path.join(folder, 'ductus.yaml'), stringify(inputWith(hospital, fix)));
    return (line: string, names: Readonly<Record<string, string>> = {}): Promise<Ended> => {
      const own: Readonly<Record<string, string>> = {
        ...names,
        'emr-main': hospital.destination,
        ' st-marien': ` ${hospital.organizationId}`,
      };
      const command = Object.entries(own).reduce((text, [name, value]) => text.replaceAll(name, value), line);
      const call = `'${process.execPath}' '${MAIN}' --config ductus.yaml `;
      return run('sh', ['-c', command.replace(/^ductus /, call)], folder, hospital.secrets);
    };
  }

  it('should fill the cross-reference and let parked work go on, as patients.md says', async () => {
    await using hospital = await openHospital(world, { organization: { patientIdentity: { source: 'registry' } } });
    using folder = temporaryFolder();
    const type = shell(hospital, folder.path);
    const { messageId } = await share(hospital, bundle(1));
    await parked(hospital, messageId);

    const guide = path.join(GUIDE, 'patients.md');
    writeFileSync(path.join(folder.path, 'patients.csv'), `${blocks(guide, 'csv').join('\n')}\n`);
    writeFileSync(path.join(folder.path, 'numbers.txt'), 'SYN-000002\n');
    writeFileSync(path.join(folder.path, 'number.txt'), 'SYN-000001\n');
    writeFileSync(path.join(folder.path, 'consents.csv'), 'number,until\nSYN-000002,2027-12-31\n');
    const store = openStore({ url: hospital.storeUrl, poolSize: 1 });
    for (const number of ['SYN-000001', 'SYN-000002']) {
      await register(store, number, { organization: hospital.organizationId });
    }
    await store.destroy();
    // To take a merge back needs patient sync: test/flows/patient-sync-merges.test.ts plays it.
    const lines = blocks(guide, 'sh').filter((line) => !/ roche-st-marien | unmerge /.test(line));
    expect(lines.length).toBeGreaterThanOrEqual(15);
    for (const line of lines) {
      const command = line.includes('patients show') ? `${line.replace(/ {2,}#.*$/, '')} < numbers.txt` : line;
      expect({ line, ...(await type(command)) }).toMatchObject({ line, status: 0, stderr: '' });
    }
    await acknowledged(hospital);
    expect((await hospital.emr.frames()).at(-1)?.patientIds).toEqual(['M-4711']);
  });

  it('should look at work and destinations, as docs/operations says', async () => {
    await using hospital = await openHospital(world);
    using folder = temporaryFolder();
    const type = shell(hospital, folder.path);
    hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
    const { messageId } = await share(hospital, bundle(1));
    await parked(hospital, messageId);
    writeFileSync(path.join(folder.path, 'number.txt'), 'SYN-000001\n');
    const lines = blocks(path.join(ROOT, 'docs/operations/README.md'), 'sh');
    expect(lines.length).toBeGreaterThanOrEqual(10);
    for (const line of lines) {
      expect({ line, ...(await type(line, { '<work>': hospital.workflowId(messageId) })) }).toMatchObject({
        line,
        status: 0,
        stderr: '',
      });
    }
  });

  it('should decide on parked work, as data-sharing.md says', async () => {
    await using hospital = await openHospital(world);
    using folder = temporaryFolder();
    const type = shell(hospital, folder.path);
    const lines = blocks(path.join(GUIDE, 'data-sharing.md'), 'sh').filter((line) => line.startsWith('ductus parked'));
    expect(lines.length).toBeGreaterThanOrEqual(6);
    for (const [index, line] of lines.entries()) {
      hospital.emr.script({ answer: { kind: 'AE', errorCode: '102' } });
      const { messageId } = await share(hospital, bundle(index + 1));
      await parked(hospital, messageId);
      const id = hospital.workflowId(messageId);
      expect({ line, ...(await type(line, { 'data-sharing/st-marien/0f3c…': id })) }).toMatchObject({
        line,
        status: 0,
        stderr: '',
        stdout: expect.stringContaining(id),
      });
      // What goes on would take the answer that the next file is to get.
      if (!/ (list|show)\b/.test(line)) await result(hospital, messageId);
    }
  });

  it('should compare, sign off and send again, as redelivery.md says', async () => {
    await using hospital = await openHospital(world, { destination: authority('OLD') });
    using folder = temporaryFolder();
    const fix = authority('NEW');
    const type = shell(hospital, folder.path, fix);
    const first = await share(hospital, bundle(1));
    const second = await share(hospital, bundle(2));
    await acknowledged(hospital, 2);
    await Promise.all([first, second].map(({ messageId }) => result(hospital, messageId)));
    await restartWith(world, hospital, fix);

    const lines = blocks(path.join(GUIDE, 'redelivery.md'), 'sh');
    expect(lines.length).toBeGreaterThanOrEqual(5);
    const now = Date.now();
    const names: Record<string, string> = {
      '0f3c…': first.messageId,
      '77ab…': second.messageId,
      '2026-11-20T00:00:00Z': new Date(now - 3_600_000).toISOString(),
      '2026-11-24T12:00:00Z': new Date(now + 3_600_000).toISOString(),
    };
    for (const line of lines) {
      const ended = await type(line, names);
      expect({ line, ...ended }).toMatchObject({ line, status: 0, stderr: '' });
      const [, digest] = /--approve ([0-9a-f]{16}) /.exec(ended.stdout) ?? [];
      if (digest !== undefined) names['5f2c9a1be0d47c38'] = digest;
    }
    const file = readFileSync(path.join(folder.path, 'difference.json'), 'utf8');
    expect(JSON.parse(file)).toMatchObject({ digest: names['5f2c9a1be0d47c38'], resources: { changed: 6 } });
  });
});
