import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { tryLock } from '../../../src/runtime/embedded/folder-lock';
import { temporaryFolder } from '../../support/temporary-folder';
import { until } from '../../support/until';

const COMPILED = require.resolve('../../../dist/src/runtime/embedded/folder-lock.js');

describe('tryLock', () => {
  it('should give the lock to one holder at a time', () => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'below', 'the.lock');
    const first = tryLock(file);
    expect(first).toBeDefined();
    expect(tryLock(file)).toBeUndefined();
    first?.release();
    const second = tryLock(file);
    expect(second).toBeDefined();
    second?.release();
  });

  it('should keep the lock while its process lives, also without a reference, and let go when it is killed', async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'the.lock');
    const script = `
      require(${JSON.stringify(COMPILED)}).tryLock(${JSON.stringify(file)});
      gc();
      setInterval(() => gc(), 10);
      console.log('locked');`;
    const holder = spawn(process.execPath, ['--expose-gc', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(holder.stdout, 'data');
      expect(tryLock(file)).toBeUndefined();
    } finally {
      holder.kill('SIGKILL');
    }
    const lock = await until(() => tryLock(file));
    lock.release();
  });
});
