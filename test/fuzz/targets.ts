/**
 * What no input may do to the doors of the HIS: throw anything but the typed error of the part, take long, or make
 * something grow. Each target makes one input, gives it to a part, and checks what it promises.
 */
import assert from 'node:assert/strict';
import { parseAcknowledgment } from '../../src/connectors/emr/acknowledgment';
import { ControlIds } from '../../src/api/patient-sync/control-ids';
import type { HisOrganization, PatientSyncDoor } from '../../src/api/patient-sync/door';
import { receiveHl7 } from '../../src/api/patient-sync/receive-hl7';
import { DuctusError } from '../../src/domain/errors';
import { acknowledgmentCodeAlways, writeAcknowledgment } from '../../src/protocols/hl7-v2/acknowledgment';
import { CHARACTER_SETS, decodeHl7 } from '../../src/protocols/hl7-v2/encoding';
import { readHeader } from '../../src/protocols/hl7-v2/header';
import { MllpDecoder } from '../../src/protocols/mllp/decoder';
import { FrameReader } from '../../src/protocols/mllp/frame-reader';
import { encodeFrame, MllpFramingError } from '../../src/protocols/mllp/framing';
import { readAdt, readFhir, toRocheBundle, type ReadChange } from '../../src/transforms/adt-to-fhir';
import { hisConfig, hisOf, testDoor } from '../support/his-door';
import { cut, message, resource, stream } from './inputs';
import type { Random } from './random';

export interface Target {
  readonly name: string;
  run(random: Random): void | Promise<void>;
}

const LIMIT = 100_000;
const REMEMBERED = 500;

/** All targets. What they share is made once: a door that lives as long as the run. */
export function createTargets(): readonly Target[] {
  const his = hisOf(hisConfig());
  const test = testDoor();
  let accepted = 0;
  const door: PatientSyncDoor = {
    ...test,
    accept: async () => {
      accepted += 1;
      return 'stored';
    },
    earlier: async () => undefined,
    answered: new ControlIds(REMEMBERED),
  };
  return [
    { name: 'framing at the door', run: framing },
    { name: 'framing of a connector', run: strictFraming },
    { name: 'decoding', run: decoding },
    { name: 'answering', run: answering },
    { name: 'reading HL7', run: (random) => readingHl7(random, his) },
    { name: 'reading FHIR', run: (random) => readingFhir(random, his) },
    {
      name: 'the door',
      run: async (random) => {
        const before = accepted;
        // Few under the same control id, or most would be conflicts.
        const source = `fuzz-${String(random.below(200))}`;
        const arrival = { source, connection: 'c', sequence: 1, receivedAtMs: Date.now() };
        const received = await receiveHl7(door, his, arrival, message(random), random.of(CHARACTER_SETS));
        assert.ok(received.verdict === undefined || received.verdict.answer !== 'AA' || accepted - before <= 1);
        if (received.verdict?.answer !== 'AA') assert.equal(accepted, before, 'refused and stored');
        if (received.code === 'DUCTUS_INTERNAL') assert.fail('a defect behind the door');
        assert.ok(door.answered.size <= REMEMBERED && door.answered.running === 0);
      },
    },
  ];
}

function framing(random: Random): void {
  const bytes = stream(random);
  const reader = new FrameReader(LIMIT, 200);
  let given = 0;
  try {
    for (const chunk of cut(bytes, random)) {
      for (const frame of reader.frames(chunk)) {
        given += frame.length;
        assert.ok(frame.length <= LIMIT);
      }
      assert.ok(reader.held <= LIMIT && reader.capacity <= LIMIT, 'more is held than a frame may have');
    }
  } catch (error) {
    if (!(error instanceof MllpFramingError)) throw error;
  }
  assert.ok(given + reader.held + reader.dropped <= bytes.length, 'more came out than went in');
}

function strictFraming(random: Random): void {
  const decoder = new MllpDecoder(LIMIT);
  try {
    for (const chunk of cut(stream(random), random)) decoder.push(chunk);
  } catch (error) {
    if (!(error instanceof MllpFramingError)) throw error;
  }
}

function decoding(random: Random): void {
  const bytes = message(random);
  const name = random.once(3) ? (readHeader(bytes)?.characterSet ?? '') : random.of(CHARACTER_SETS);
  const decoded = decodeHl7(bytes, name, random.of(CHARACTER_SETS));
  if (!decoded.ok) return;
  assert.ok(decoded.text.length <= bytes.length);
  const replacements = decoded.text.split('\ufffd').length;
  assert.ok(replacements === 1 || bytes.includes(Buffer.from('\ufffd')), 'a character was replaced');
}

function answering(random: Random): void {
  const control = readHeader(message(random));
  const refused = {
    errorCode: random.of(['100', '101', '205', '207'] as const),
    ...(random.once(2) ? { location: { segment: 'PID', sequence: 1, field: 3 } } : {}),
    text: 'what is wrong & where',
  };
  const verdict = random.once(2)
    ? ({ answer: 'AA' } as const)
    : ({ answer: random.of(['AE', 'AR'] as const), refused } as const);
  const code = acknowledgmentCodeAlways(verdict, control);
  const bytes = writeAcknowledgment({ control, code, refused: verdict.refused, controlId: 'OWN', atMs: 0 });
  encodeFrame(bytes);
  assert.ok(bytes.length < 4_000, 'the answer grows with the question');
  const again = readHeader(bytes);
  assert.equal(again?.controlId, 'OWN');
  assert.equal(again?.messageCode, 'ACK');
  if (control !== undefined && control.delimiters !== '|^~\\&') return;
  assert.equal(parseAcknowledgment(bytes).code, code);
}

function readingHl7(random: Random, { settings }: HisOrganization): void {
  const decoded = decodeHl7(message(random), random.once(2) ? '8859/1' : '', 'UNICODE UTF-8');
  if (!decoded.ok) return;
  const reading = readAdt(decoded.text, settings);
  if (!reading.ok) return assert.match(reading.refusal.errorCode, /^\d{3}$/);
  const { change } = reading;
  const { content } = change;
  if (content.form !== 'hl7') return assert.fail('another form');
  const again = readAdt(content.text, settings);
  if (!again.ok) return assert.fail(`what was taken cannot be read again: ${again.refusal.text}`);
  assert.deepEqual(again.change, change);
  mapping(change, settings);
}

function readingFhir(random: Random, { settings }: HisOrganization): void {
  const reading = readFhir(resource(random), random.of(['R4', 'STU3'] as const), settings);
  if (reading.ok) mapping(reading.change, settings);
  else assert.ok(reading.refusal.issues.length > 0);
}

function mapping(change: ReadChange, settings: HisOrganization['settings']): void {
  try {
    const { bundle } = toRocheBundle([change.content], settings, { organizationOid: '2.999.1', timestampMs: 0 });
    assert.equal(bundle.resourceType, 'Bundle');
  } catch (error) {
    if (!(error instanceof DuctusError)) throw error;
    assert.fail(`what was taken cannot be mapped: ${error.message}`);
  }
}
