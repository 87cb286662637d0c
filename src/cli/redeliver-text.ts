/** The difference of a redelivery as text for a terminal. */
import { CannotRedeliver, type RedeliveryReport } from '../domain/redelivery-report';
import { table } from './output';

const EXAMPLES = 3;
const NAMED = 10;

const WHY: Readonly<Record<CannotRedeliver, string>> = {
  'blob-gone': 'the fetched file is gone (blobs.retainDays)',
  'under-way': 'still under way: it gets the mapping of today anyway',
  parked: 'parked: decide on it first (ductus parked list)',
  'redelivery-under-way': 'is being sent again already',
  'not-mapped': 'cannot be read or mapped today',
};

/** What changes, appears and disappears; what cannot be sent again; and how to sign it off. */
export function differenceText(report: RedeliveryReport, digest: string | undefined): string {
  const { files, resources, destination } = report;
  const lines = [
    `Redelivery to ${destination}: ${number(files.looked)} files, ${number(files.toSend)} to send again, ` +
      `${number(files.same)} without a difference, ${number(files.cannot)} that cannot be sent again.`,
    `${number(resources.changed)} of ${number(resources.compared)} resources change.` +
      (resources.changed > 0 ? ' They go as corrections, under a new message id.' : ''),
    '',
    ...fieldLines(report),
  ];
  if (resources.newer > 0) {
    lines.push(`${number(resources.newer)} resources: ${destination} has a newer version. They are left out.`);
  }
  if (resources.elsewhere > 0) {
    lines.push(
      `${number(resources.elsewhere)} resources: ${destination} has them from another file. They go with that one, when it is selected.`,
    );
  }
  if (resources.appear > 0) {
    lines.push('', `APPEAR: ${number(resources.appear)} resources that ${destination} does not have would be sent:`);
    lines.push(...named(report.appear, resources.appear));
  }
  if (resources.disappear > 0) {
    lines.push(
      '',
      `!!! DISAPPEAR: ${number(resources.disappear)} resources that ${destination} HAS would no longer be sent.`,
      '!!! Nothing is deleted there by itself: have them removed, or correct the mapping.',
      ...named(report.disappear, resources.disappear),
    );
  }
  lines.push(...cannotLines(report), '');
  if (digest === undefined) lines.push('There is nothing to send.');
  else {
    lines.push(
      `Digest: ${digest}`,
      'To sign off and send:',
      `  ductus redeliver --approve ${digest} --by NAME --reason TEXT`,
    );
  }
  return lines.join('\n');
}

function fieldLines({ fields, resources }: RedeliveryReport): string[] {
  if (fields.length === 0) return [];
  const rows = fields.flatMap(({ field, resources: count, examples }) => {
    const shown = examples.slice(0, EXAMPLES);
    const rest = count - shown.reduce((sum, each) => sum + each.resources, 0);
    return [
      ...shown.map(({ before, after, resources: some }, index) => [
        index === 0 ? field : '',
        `${printable(before)} → ${printable(after)}`,
        index === 0 ? `${number(count)} of ${number(resources.compared)} resources` : '',
        shown.length === 1 && rest <= 0 ? '' : `${number(some)} times`,
      ]),
      ...(rest > 0 ? [['', `… and ${number(rest)} more`, '', '']] : []),
    ];
  });
  return [table(['FIELD', 'BEFORE → AFTER', 'CHANGES IN', ''], rows, ''), ''];
}

function named(list: RedeliveryReport['appear'], total: number): string[] {
  const lines = list
    .slice(0, NAMED)
    .map(
      ({ organization, notificationId, reference }) => `  ${printable(reference)} (${organization}/${notificationId})`,
    );
  return total > lines.length ? [...lines, `  … and ${number(total - lines.length)} more`] : lines;
}

function cannotLines({ cannot }: RedeliveryReport): string[] {
  const reasons = Object.values(CannotRedeliver).filter((why) => cannot.counts[why] !== undefined);
  return reasons.flatMap((why) => {
    const count = cannot.counts[why] ?? 0;
    const files = cannot.files.filter((file) => file.why === why).slice(0, NAMED);
    const rest = count - files.length;
    return [
      '',
      `Cannot be sent again: ${number(count)} files, ${WHY[why]}`,
      ...files.map(
        ({ organization, notificationId, code }) =>
          `  ${organization}/${notificationId}${code === undefined ? '' : ` ${code}`}`,
      ),
      ...(rest > 0 ? [`  … and ${number(rest)} more`] : []),
    ];
  });
}

/** A value from outside cannot change the terminal. */
function printable(text: string): string {
  return text === '' ? '(empty)' : text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '·');
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}
