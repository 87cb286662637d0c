/** Segments to one message: the site's own changes, MSH-10, and the lineage of every field. */
import { MessageControlIdSchema } from '../../domain/identifiers';
import type { MappedMessage, WriteContext } from '../model/message';
import { shortHash } from '../model/short-hash';
import type { Trace } from '../model/trace';
import { headerTable, type HeaderContext } from './msh';
import type { SegmentTable, WrittenField } from './segment-table';
import { siteSegments } from './site-segments';

/** A segment with its fields, before its place in the message is known. */
interface Draft {
  readonly text: string;
  readonly fields: readonly WrittenField[];
}

export class MessageBuilder {
  readonly #segments: string[] = [];
  /** Only where lineage is wanted: it costs several times the writing. */
  readonly #drafts: Draft[] | undefined;

  constructor(isTraced: boolean) {
    this.#drafts = isTraced ? [] : undefined;
  }

  add<C>(table: SegmentTable<C>, context: C): void {
    const text = table.write(context);
    this.#segments.push(text);
    this.#drafts?.push({ text, fields: table.fields(context) });
  }

  /**
   * Puts MSH in front. MSH-10 is a hash of all the rest, so that the same id always means the same bytes.
   * @param position place of the message among those of the call
   * @throws DuctusError DUCTUS_SITE_MAPPING_FAILED
   */
  finish(header: HeaderContext, context: WriteContext, position: number): Pick<MappedMessage, 'controlId' | 'text'> {
    const { seed, site, traceOf } = context;
    const table = headerTable(header.profile.version, header.type);
    const msh = table.write(header);
    const own = [msh, ...this.#segments];
    const all = site?.segments === undefined ? own : siteSegments(site.segments, own, position);
    const unsigned = `${all.join('\r')}\r`;
    const controlId = MessageControlIdSchema.parse(shortHash(`${seed.length} ${seed}${unsigned}`, 20));
    const signed = { ...header, controlId };
    if (this.#drafts !== undefined && traceOf !== undefined) {
      const drafts = [{ text: msh, fields: table.fields(signed) }, ...this.#drafts];
      addLineage(traceOf(position), all, drafts);
    }
    return { controlId, text: withControlId(unsigned, controlId) };
  }
}

/** MSH-10 stands behind the ninth separator of the message. */
function withControlId(unsigned: string, controlId: string): string {
  let at = -1;
  for (let count = 0; count < 9; count += 1) at = unsigned.indexOf('|', at + 1);
  return unsigned.slice(0, at + 1) + controlId + unsigned.slice(at + 1);
}

/**
 * Names each field by its place: `PID-5`, `OBX[3]-5` for the third OBX, as error messages do. A segment that the site's
 * module changed or added stands as a whole, with the rule `site`.
 */
function addLineage(trace: Trace, segments: readonly string[], drafts: readonly Draft[]): void {
  const byText = new Map<string, Draft[]>();
  for (const draft of drafts.toReversed()) {
    const same = byText.get(draft.text);
    if (same === undefined) byText.set(draft.text, [draft]);
    else same.push(draft);
  }
  const counts = new Map<string, number>();
  for (const text of segments) {
    const name = text.slice(0, 3);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const segment = count === 1 ? name : `${name}[${count}]`;
    const draft = byText.get(text)?.pop();
    if (draft === undefined) trace.add({ target: segment, text, rule: 'site', from: [] });
    else {
      for (const { field, ...rest } of draft.fields) trace.add({ target: `${segment}-${field}`, ...rest });
    }
  }
}
