/** Reads messages back as a receiver does: @medplum/core splits, the escape sequences are undone. */
import { Hl7Message, type Hl7Segment } from '@medplum/core';
import { unescapeText } from '../../../src/transforms/fhir-to-hl7';

/** Text of a component (1-based), or of its subcomponent (0-based, as @medplum/core counts). */
export function component(segment: Hl7Segment, field: number, position = 1, subcomponent?: number): string {
  return unescapeText(segment.getComponent(field, position, subcomponent));
}

/** Segments of a name. */
export function segments(text: string, name: string): Hl7Segment[] {
  return Hl7Message.parse(text).getAllSegments(name);
}

/** The one segment of a name. */
export function only(text: string, name: string): Hl7Segment {
  const [first, ...others] = segments(text, name);
  if (first === undefined || others.length > 0) throw new Error(`expected one ${name}`);
  return first;
}
