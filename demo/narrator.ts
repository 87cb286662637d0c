/** What happens, in lines for a person; with the time, so that it can be found in the logs. */
import type { Display, Style } from './display';

export interface Narrator {
  /** The demo does something. */
  say(text: string): void;
  /** Something went as it should. */
  good(text: string): void;
  /** Something went wrong, on purpose or not. */
  bad(text: string): void;
  /** A command that the reader could type, which the demo types now. */
  command(text: string): void;
  /** What a command answered. */
  output(text: string): void;
  /** Of minor interest. */
  aside(text: string): void;
}

/** @param now for tests */
export function createNarrator(display: Display, now: () => Date = () => new Date()): Narrator {
  const line = (style: Style, mark: string, text: string): void => {
    display.print(`${display.style('dim', clock(now()))} ${display.style(style, `${mark} ${text}`)}`);
  };
  return {
    say: (text) => line('plain', '·', text),
    good: (text) => line('good', '✓', text),
    bad: (text) => line('bad', '!', text),
    command: (text) => line('command', '$', text),
    output: (text) => display.print(...text.split('\n').map((each) => display.fit(`           ${each}`))),
    aside: (text) => line('dim', '·', text),
  };
}

function clock(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
