/**
 * Reads an HL7 v2 message the plain way. Ductus writes its messages with a library; a witness that used the same one
 * would share its mistakes.
 */

/** A segment's fields, as in the standard: index 0 is the segment's name, MSH-1 is the separator itself. */
export type Segment = readonly string[];

export interface Hl7Reading {
  readonly segments: readonly Segment[];
  /** How MSH-18 says the bytes are to be read. */
  readonly encoding: 'utf8' | 'latin1' | 'iso-8859-15';
}

/** One OBX and where it stands. */
export interface ObservationReading {
  /** OBR-3.1 of its group. */
  readonly orderId: string;
  /** OBX-21.1, the id of the resource. */
  readonly observationId: string;
  readonly code: string;
  readonly value: string;
  readonly unit: string;
  /** OBX-11. */
  readonly status: string;
  /** OBX-14. */
  readonly time: string;
}

/**
 * Reads a message.
 * @returns undefined when it does not begin with an MSH segment
 */
export function readHl7(bytes: Buffer): Hl7Reading | undefined {
  if (!bytes.subarray(0, 4).equals(Buffer.from('MSH|'))) {
    return undefined;
  }
  const headerEnd = bytes.indexOf(0x0d);
  const header = bytes.subarray(0, headerEnd < 0 ? bytes.length : headerEnd).toString('latin1');
  const encoding = encodingOf(header.split('|')[17] ?? '');
  const text = encoding === 'iso-8859-15' ? new TextDecoder(encoding).decode(bytes) : bytes.toString(encoding);
  const segments = text
    .split(/[\r\n]+/)
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split('|');
      return fields[0] === 'MSH' ? ['MSH', '|', ...fields.slice(1)] : fields;
    });
  return { segments, encoding };
}

/** The first segment with a name. */
export function segment(reading: Hl7Reading, name: string): Segment | undefined {
  return reading.segments.find(([found]) => found === name);
}

/** A component of the first repetition of a field, unescaped; '' when it is not there. */
export function component(from: Segment | undefined, field: number, part = 1): string {
  const text = from?.[field]?.split('~', 1)[0]?.split('^')[part - 1] ?? '';
  return text.replace(/\\([FSTRE])\\/g, (_, letter: string) => ESCAPED[letter] ?? '');
}

/** All first components of a repeating field. */
export function repetitions(from: Segment | undefined, field: number): string[] {
  return (from?.[field] ?? '').split('~').flatMap((repetition) => repetition.split('^', 1));
}

/** The observations of an ORU^R01. */
export function readObservations(reading: Hl7Reading): ObservationReading[] {
  let orderId = '';
  const observations: ObservationReading[] = [];
  for (const one of reading.segments) {
    if (one[0] === 'OBR') {
      orderId = component(one, 3);
    } else if (one[0] === 'OBX') {
      observations.push({
        orderId,
        observationId: component(one, 21),
        code: component(one, 3),
        value: component(one, 5),
        unit: component(one, 6),
        status: component(one, 11),
        time: component(one, 14),
      });
    }
  }
  return observations;
}

const ESCAPED: Readonly<Record<string, string>> = { F: '|', S: '^', T: '&', R: '~', E: '\\' };

function encodingOf(characterSet: string): Hl7Reading['encoding'] {
  switch (characterSet.split('~', 1)[0]) {
    case '8859/1':
      return 'latin1';
    case '8859/15':
      return 'iso-8859-15';
    default:
      return 'utf8';
  }
}
