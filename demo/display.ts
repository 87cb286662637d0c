/** Writes to a terminal: lines that stay, and below them a table that is painted anew in place. Elsewhere only the lines. */
import { styleText } from 'node:util';
import type { WriteStream } from 'node:tty';

export type Style = 'plain' | 'bold' | 'dim' | 'good' | 'bad' | 'command';

const FORMATS = { bold: 'bold', dim: 'dim', good: 'green', bad: 'red', command: 'cyan' } as const;

/** Standard output or standard error, or a stand-in. */
export type Screen = Pick<NodeJS.WriteStream, 'write'> &
  Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows' | 'hasColors'>>;

const ESCAPE = '\u001b[';

export class Display {
  readonly #screen: Screen;
  readonly #colours: boolean;
  #painted: readonly string[] = [];

  /** @param env `NO_COLOR` (https://no-color.org) turns colours off */
  constructor(screen: Screen, env: Readonly<Record<string, string | undefined>> = process.env) {
    this.#screen = screen;
    this.#colours = screen.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  }

  /** Whether a table can be painted in place. */
  get live(): boolean {
    return this.#screen.isTTY === true && this.#columns >= 40;
  }

  /** Text in a style; without colours as it is. */
  style(style: Style, text: string): string {
    return !this.#colours || style === 'plain' ? text : styleText(FORMATS[style], text, { validateStream: false });
  }

  /** Cuts a line to the width of the terminal; elsewhere it stays whole. */
  fit(line: string): string {
    return this.live ? cut(line, this.#columns - 1) : line;
  }

  /** Writes lines that stay. */
  print(...lines: readonly string[]): void {
    const painted = this.#painted;
    this.#clear();
    for (const line of lines) this.#screen.write(`${line}\n`);
    this.paint(painted);
  }

  /** Paints the table, in place of the last one. Does nothing where there is no terminal. */
  paint(lines: readonly string[]): void {
    if (!this.live) return;
    this.#clear();
    // Never more than the screen holds: lines that have scrolled away cannot be painted over.
    this.#painted = lines.slice(0, Math.max(1, (this.#screen.rows ?? 24) - 1));
    for (const line of this.#painted) this.#screen.write(`${this.fit(line)}\n`);
  }

  /** Leaves the table as it is. */
  keep(): void {
    this.#painted = [];
  }

  get #columns(): number {
    return this.#screen.columns ?? 80;
  }

  #clear(): void {
    if (this.#painted.length > 0) this.#screen.write(`${ESCAPE}${String(this.#painted.length)}A${ESCAPE}0J`);
    this.#painted = [];
  }
}

/** Cuts to a width, not counting colours. A line that is too long would wrap and upset the count of lines. */
export function cut(line: string, width: number): string {
  let room = width;
  let result = '';
  for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith(ESCAPE)) result += part;
    else {
      result += part.slice(0, room);
      room = Math.max(0, room - part.length);
    }
  }
  return result;
}
