/** Runs the compiled demo as a process. `npm test` has compiled it before (`scripts/setup.mjs`). */
import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { ended } from '../../src/runtime/embedded/child';

const MAIN = resolve(__dirname, '../../dist/demo/main.js');

export class DemoProcess implements AsyncDisposable {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;

  constructor(...args: readonly string[]) {
    const child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.child = child;
  }

  /** Waits for its end. @returns the exit code */
  async ended(): Promise<number | null> {
    return (await ended(this.child)).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGTERM');
    await this.ended();
  }
}
