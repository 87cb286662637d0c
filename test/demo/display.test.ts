/** What a terminal gets, and what a file gets. */
import { cut, Display, type Screen } from '../../demo/display';
import { createNarrator } from '../../demo/narrator';
import { countPatients } from '../../demo/patient-counts';
import { Scoreboard } from '../../demo/scoreboard';
import { duration, groups, scoreLine, scoreTable } from '../../demo/table';

/** A screen that keeps what is on it: understands the cursor moves that the display uses. */
class FakeScreen implements Screen {
  text = '';
  constructor(
    readonly isTTY: boolean,
    readonly columns = 80,
    readonly rows = 24,
  ) {}

  readonly write = (chunk: string | Uint8Array): boolean => {
    this.text += String(chunk);
    return true;
  };

  /** Lines that a person sees. */
  get lines(): string[] {
    let lines = [''];
    for (const part of this.text.split(/(\u001b\[\d+A\u001b\[0J|\n)/)) {
      const up = /^\u001b\[(\d+)A/.exec(part);
      if (up !== null) lines = [...lines.slice(0, lines.length - 1 - Number(up[1])), ''];
      else if (part === '\n') lines.push('');
      else lines[lines.length - 1] += part;
    }
    return lines.slice(0, -1);
  }
}

const counts = new Scoreboard().count([]);
const roche = {
  totals: { patients: 0, creates: 0, updates: 0, unchanged: 0, refusedCreates: 0, overlapping: 0, answers: {} },
};
const noPatients = countPatients([], { ...roche, patients: [], accepted: [], refused: [] });
const patients = { ...noPatients, received: 37, created: 30, updated: 7, merged: 1, missing: ['SYN-1'], parked: 1 };

describe('display', () => {
  it('should paint a table in place, below the lines that stay', () => {
    const screen = new FakeScreen(true);
    const display = new Display(screen, { NO_COLOR: '1' });
    display.print('first');
    display.paint(['table 1', 'row']);
    display.print('second');
    display.paint(['table 2']);
    expect(screen.lines).toEqual(['first', 'second', 'table 2']);
  });

  it('should write lines only, and no escape sequence, where there is no terminal', () => {
    const screen = new FakeScreen(false);
    const display = new Display(screen, {});
    createNarrator(display, () => new Date(2026, 0, 1, 8, 5, 9)).good('it went well');
    display.paint(['table']);
    expect(screen.text).toBe('08:05:09 ✓ it went well\n');
  });

  it('should use colours on a terminal, and none with NO_COLOR', () => {
    const coloured = new FakeScreen(true);
    new Display(coloured, {}).print(new Display(coloured, {}).style('bad', 'no'));
    expect(coloured.text).toBe('\u001b[31mno\u001b[39m\n');
    expect(new Display(new FakeScreen(true), { NO_COLOR: '1' }).style('bad', 'no')).toBe('no');
  });

  it('should never paint a line wider or a table higher than the screen', () => {
    const screen = new FakeScreen(true, 40, 4);
    const display = new Display(screen, { NO_COLOR: '1' });
    display.paint(['x'.repeat(100), 'b', 'c', 'd', 'e']);
    expect(screen.lines).toEqual(['x'.repeat(39), 'b', 'c']);
  });

  it('should cut a line without counting colours', () => {
    expect(cut('\u001b[31mabcdef\u001b[39m', 3)).toBe('\u001b[31mabc\u001b[39m');
  });
});

const received = (glucose: number) => ({
  byKind: { glucose, carbs: 90, insulin: 120, device: 8, report: 2 },
  corrections: 11,
  deletions: 6,
});

describe('table', () => {
  const columns = [
    {
      title: 'st-marien',
      counts: { ...counts, notified: 40, received: received(12_345), refused: 1, open: 3 },
      patients: noPatients,
    },
    {
      title: 'total',
      counts: { ...counts, notified: 60, received: received(17_000), refused: 1, open: 3, p50Ms: 210, p95Ms: 4321 },
      patients: { ...patients, p50Ms: 1089, p95Ms: 2779 },
    },
  ];

  it('should have a column for each organization and the times of all', () => {
    expect(scoreTable(columns)).toEqual([
      '                             st-marien       total',
      'notified by Roche                   40          60',
      'sent twice by Roche                  0           0',
      'delivered to the EMR                 0           0',
      'acknowledged to Roche                0           0',
      'under way                            2           2',
      'refused, parked                      1           1',
      'glucose in the EMR              12,345      17,000',
      'carbohydrates                       90          90',
      'insulin doses                      120         120',
      'devices                              8           8',
      'reports                              2           2',
      'corrections, deletions              17          17',
      'there twice                          0           0',
      'messages of the HIS                  0          37',
      'patients created at Roche            0          30',
      'patients updated                     0           7',
      'patients merged                      0           1',
      'patients under way                   0           1',
      'refused by Roche                     0           1',
      'notification to EMR       p50 210 ms, p95 4.3 s',
      'HIS to Roche              p50 1.1 s, p95 2.8 s',
    ]);
  });

  it('should mark what is wrong, and only that', () => {
    const marked = scoreTable(columns, (style, text) => (style === 'bad' ? `<${text.trim()}>` : text));
    expect(marked.filter((line) => line.includes('<'))).toEqual(['refused, parked           <1><1>']);
  });

  it('should fit into one line where there is no terminal', () => {
    expect(scoreLine({ ...counts, notified: 3, items: 1_000 }, patients)).toBe(
      '3 notified, 0 twice, 0 delivered, 0 acknowledged, 0 parked, 1,000 items in the EMR, p50 -, p95 -; ' +
        '37 messages of the HIS, 30 patients created, 7 updated, 1 under way',
    );
  });

  it('should write numbers for people', () => {
    expect([duration(undefined), duration(12.4), duration(2_449), groups(7), groups(1_234_567)]).toEqual([
      '-',
      '12 ms',
      '2.4 s',
      '7',
      '1,234,567',
    ]);
  });
});
