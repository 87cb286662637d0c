/** Keeps the scoreboard on the screen up to date. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Display } from './display';
import type { Session } from './session';
import { scoreLine, scoreTable } from './table';

/** How often the table is painted. */
const PAINT_MS = 250;
/** How often a line stands for the table where there is no terminal. */
const LINE_MS = 5_000;

/** Paints the table until it is told to end; where there is no terminal, a line now and then. */
export async function paintScores(display: Display, session: Session, end: AbortSignal): Promise<void> {
  let lineAt = Date.now() + LINE_MS;
  let lastLine = '';
  let painted = '';
  const show = async (last: boolean): Promise<void> => {
    await session.look();
    const { revision } = session;
    if (display.live) {
      if (revision === painted) return;
      painted = revision;
      display.paint(['', ...scoreTable(session.columns(), (style, text) => display.style(style, text))]);
      return;
    }
    const line = scoreLine(session.counts(), session.patients());
    if (line !== lastLine && (last || Date.now() >= lineAt)) {
      display.print(`         ${line}`);
      lastLine = line;
      lineAt = Date.now() + LINE_MS;
    }
  };
  while (!end.aborted) {
    await show(false);
    await sleep(PAINT_MS, undefined, { signal: end }).catch(() => undefined);
  }
  await show(true);
}
