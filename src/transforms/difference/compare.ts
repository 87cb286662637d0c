/** Two units of one resource, before and after: which fields differ. */
import type { MessageForm } from '../model/message';
import { compareSegments, type Change } from './hl7-units';
import { compareJson } from './json-units';
import type { Part, Unit } from './units';

/** Compares part by part; the second NTE of a resource with the second. A part on one side only differs in whole. */
export function compareUnits(form: MessageForm, before: Unit, after: Unit): readonly Change[] {
  const compare = form === 'hl7' ? compareSegments : compareJson;
  const [old, now] = [numbered(before.parts), numbered(after.parts)];
  const changes: Change[] = [];
  for (const [name, { label, text }] of now) {
    const was = old.get(name)?.text ?? (form === 'hl7' ? label : '{}');
    if (was !== text) changes.push(...compare(label, was, text));
  }
  for (const [name, { label, text }] of old) {
    if (!now.has(name)) changes.push(...compare(label, text, form === 'hl7' ? label : '{}'));
  }
  return changes;
}

function numbered(parts: readonly Part[]): ReadonlyMap<string, Part> {
  const counts = new Map<string, number>();
  return new Map(
    parts.map((part) => {
      const count = (counts.get(part.label) ?? 0) + 1;
      counts.set(part.label, count);
      return [`${part.label} ${String(count)}`, part];
    }),
  );
}
