/** Whether a process runs. One that ended and that nobody has waited for yet (a zombie) does not. */
import { readFileSync } from 'node:fs';
import { isAlive } from '../../src/runtime/embedded/child';

export function runs(pid: number): boolean {
  if (process.platform !== 'linux') {
    return isAlive(pid);
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}
