/** The page for operators has every saved view, as it is. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { savedViews, viewUrl } from '../../src/domain/saved-views';

const PAGE = path.resolve(__dirname, '../../docs/operations/web-ui.md');
const cells = (line: string): string[] =>
  line
    .split(/ \| |^\| | \|$/)
    .map((cell) => cell.trim())
    .filter((cell) => cell !== '');

describe('saved views', () => {
  it('should all stand in docs/operations', () => {
    const rows = readFileSync(PAGE, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map(cells);
    const views = savedViews(0).map(({ id, title, query }) => [
      `\`${id}\``,
      title,
      `\`${query.replace('1969-12-31T23:50:00Z', '<ten minutes ago>')}\``,
    ]);
    for (const view of views) expect(rows).toContainEqual(view);
  });

  it('should be narrowed down by every term that is given', () => {
    const all = savedViews(0, { organization: 'st-marien', flow: 'redelivery', code: 'DUCTUS_EMR_REJECTED' });
    for (const { query } of all) {
      expect(query).toContain(
        ' AND DuctusOrganization = "st-marien" AND DuctusFlow = "redelivery" AND DuctusErrorCode = "DUCTUS_EMR_REJECTED"',
      );
    }
  });

  it('should be addresses of the Web UI', () => {
    expect(viewUrl('https://temporal.hospital.example/', 'ductus', 'DuctusStage = "parked"')).toBe(
      'https://temporal.hospital.example/namespaces/ductus/workflows?query=DuctusStage%20%3D%20%22parked%22',
    );
  });
});
