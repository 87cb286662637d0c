/**
 * What St. Marien's EMR wants otherwise. Pure functions: the same message gives the same result, without clock, files or
 * network. Named by `destinations.*.mapping.module` of the configuration.
 */
import type { SiteMapping } from 'ductus/src/transforms/model/site-mapping.ts';

/** The ward's charts show OBX-3.2, in the language of the ward. */
const TEXTS = new Map([
  ['41653-7', 'Blutzucker (Messgerät)'],
  ['14743-9', 'Blutzucker (Messgerät)'],
]);

export const mapping: SiteMapping = {
  /** A test of the meter with control solution is no value of the patient. */
  item(item) {
    if (item.content.kind !== 'reading') return item;
    const isControl = item.content.reading.comments.some((comment) => comment.toLowerCase() === 'control solution');
    return isControl ? undefined : item;
  },

  /** Texts of the ward, and the EMR's own segment that files the message under "diabetes". */
  segments(segments) {
    return [...segments.map(withOwnText), 'ZDM|1|DIABETES'];
  },
};

function withOwnText(segment: string): string {
  if (!segment.startsWith('OBX|')) return segment;
  const fields = segment.split('|');
  const components = (fields[3] ?? '').split('^');
  const text = TEXTS.get(components[0] ?? '');
  if (text === undefined) return segment;
  components[1] = text;
  fields[3] = components.join('^');
  return fields.join('|');
}
