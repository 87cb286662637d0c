/** A folder as destination: real files, modes, a full disk, and what crashed attempts left. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { OutgoingMessage } from '../../../src/connectors/emr/connection';
import { ductusErrorOf, everythingOf } from '../../support/error-of';
import { temporaryFolder } from '../../support/temporary-folder';
import { fhirMessage, hl7Message, jsonMessage, openDestination } from './kinds';

function setUp(settings: object = {}) {
  const temporary = temporaryFolder();
  const folder = path.join(temporary.path, 'inbox');
  mkdirSync(folder);
  const connection = openDestination({ kind: 'file', folder, ...settings });
  return {
    folder,
    connection,
    send: (message: OutgoingMessage, resent = false) => connection.send(message, { resent }),
    names: () => readdirSync(folder).sort(),
    async [Symbol.asyncDispose]() {
      await connection.close();
      temporary[Symbol.dispose]();
    },
  };
}

const OLD_S = Date.now() / 1000 - 2 * 60 * 60;
/** On Debian and most others. */
const NOBODY = 65_534;
const LEFT_OVER = '.ductus-A9-0123456789ab.tmp';

describe('FileDestination', () => {
  it('should write a file for each message, named by its id and form, and leave nothing else', async () => {
    await using test = setUp();
    for (const message of [hl7Message('A1'), jsonMessage('A2'), fhirMessage('A3')]) await test.send(message);
    expect(test.names()).toEqual(['A1.hl7', 'A2.json', 'A3.fhir.json']);
    expect(readFileSync(path.join(test.folder, 'A1.hl7'))).toEqual(hl7Message('A1').bytes);
    expect(readFileSync(path.join(test.folder, 'A3.fhir.json'))).toEqual(fhirMessage('A3').bytes);
  });

  it('should let the group read a file and others nothing, whatever the umask', async () => {
    await using test = setUp();
    const umask = process.umask(0);
    try {
      await test.send(hl7Message('A1'));
    } finally {
      process.umask(umask);
    }
    expect(statSync(path.join(test.folder, 'A1.hl7')).mode & 0o777).toBe(0o640);
  });

  it('should show a file under its name only when it is complete', async () => {
    await using test = setUp();
    const large = { ...hl7Message('A1'), bytes: Buffer.alloc(8_000_000, 'x') };
    const sizes: number[] = [];
    const watcher = watch(test.folder, (_, name) => {
      const file = path.join(test.folder, 'A1.hl7');
      if (name === 'A1.hl7' && existsSync(file)) sizes.push(statSync(file).size);
    });
    await test.send(large);
    watcher.close();
    expect(statSync(path.join(test.folder, 'A1.hl7')).size).toBe(large.bytes.length);
    expect(new Set([...sizes, large.bytes.length])).toEqual(new Set([large.bytes.length]));
  });

  it('should take a file that is there already for its own when the bytes are the same, and leave it alone', async () => {
    await using test = setUp();
    await test.send(hl7Message('A1'));
    const file = path.join(test.folder, 'A1.hl7');
    const before = statSync(file);
    await test.send(hl7Message('A1'), true);
    expect(statSync(file)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    expect(test.names()).toEqual(['A1.hl7']);
  });

  it.each(['of another length', hl7Message('A1').bytes.toString().replace('104', '105')])(
    'should refuse to overwrite a file with other content',
    async (content) => {
      await using test = setUp();
      const file = path.join(test.folder, 'A1.hl7');
      writeFileSync(file, content);
      const error = await ductusErrorOf(test.send(hl7Message('A1')));
      expect([error.code, error.details]).toEqual([
        'DUCTUS_EMR_REJECTED',
        { reason: 'file-exists-with-other-content', controlId: 'A1' },
      ]);
      expect(readFileSync(file, 'utf8')).toBe(content);
      expect(test.names()).toEqual(['A1.hl7']);
    },
  );

  it('should write a file again that the EMR has taken, under the same name', async () => {
    await using test = setUp();
    await test.send(hl7Message('A1'));
    rmSync(path.join(test.folder, 'A1.hl7'));
    await test.send(hl7Message('A1'), true);
    expect(test.names()).toEqual(['A1.hl7']);
  });

  it('should remove what crashed attempts left, when it is old and its own', async () => {
    await using test = setUp();
    const young = '.ductus-A8-0123456789ab.tmp';
    const foreign = ['.ductus-note.tmp', '.other-A9-0123456789ab.tmp', 'ductus-A9-0123456789ab.tmp'];
    for (const name of [LEFT_OVER, young, ...foreign]) writeFileSync(path.join(test.folder, name), 'MSH|');
    for (const name of [LEFT_OVER, ...foreign]) utimesSync(path.join(test.folder, name), OLD_S, OLD_S);
    await test.send(hl7Message('A1'));
    expect(test.names()).toEqual([young, 'A1.hl7', ...foreign].sort());
  });

  it.each<[string, string, (folder: string) => void]>([
    ['is not there', 'ENOENT', (folder) => rmSync(folder, { recursive: true })],
    [
      'is a file',
      'ENOTDIR',
      (folder) => {
        rmSync(folder, { recursive: true });
        writeFileSync(folder, '');
      },
    ],
    [
      'leads in a circle',
      'ELOOP',
      (folder) => {
        rmSync(folder, { recursive: true });
        symlinkSync(folder, folder);
      },
    ],
  ])(
    'should say that nothing was delivered when the folder %s (%s), and go on when it is right',
    async (_, code, spoil) => {
      await using test = setUp();
      spoil(test.folder);
      const error = await ductusErrorOf(test.send(hl7Message('A1')));
      expect([error.code, error.details]).toEqual(['DUCTUS_EMR_UNREACHABLE', { reason: code }]);
      expect(error.message).toContain('`folder`');
      expect(everythingOf(error)).not.toContain(test.folder);
      rmSync(test.folder, { recursive: true, force: true });
      mkdirSync(test.folder);
      await test.send(hl7Message('A1'));
      expect(test.names()).toEqual(['A1.hl7']);
    },
  );

  it('should say that nothing was delivered when it may not write there', async () => {
    await using test = setUp();
    chmodSync(path.dirname(test.folder), 0o755);
    chmodSync(test.folder, 0o555);
    // Root may write everywhere.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY);
    const error = await ductusErrorOf(test.send(hl7Message('A1'))).finally(() => {
      if (isRoot) process.seteuid?.(0);
    });
    expect([error.code, error.details]).toEqual(['DUCTUS_EMR_UNREACHABLE', { reason: 'EACCES' }]);
    expect(error.message).toContain('may not write');
    chmodSync(test.folder, 0o755);
    await test.send(hl7Message('A1'));
    expect(test.names()).toEqual(['A1.hl7']);
  });

  it('should write several files at once, and never more than configured', async () => {
    await using test = setUp({ connections: 3 });
    let most = 0;
    const beforeSend = (): Promise<void> => {
      most = Math.max(most, test.connection.stats.busy);
      return Promise.resolve();
    };
    const ids = Array.from({ length: 40 }, (_, index) => `A${index}`);
    await Promise.all(ids.map((id) => test.connection.send(hl7Message(id), { resent: false, beforeSend })));
    expect(test.names()).toHaveLength(40);
    expect(most).toBe(3);
  });
});
