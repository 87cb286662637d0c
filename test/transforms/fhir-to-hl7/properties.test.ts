/** What must hold for every bundle: the same bytes again, and everything read back as it was sent. */
import fc from 'fast-check';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { encodeHl7 } from '../../../src/transforms/fhir-to-hl7';
import { mapFile } from '../../../src/transforms/mapping';
import { anyBundle, resourcesOf } from '../fhir-bundle/arbitraries';
import { bundleBytes } from '../fhir-bundle/bundles';
import { testContext, testProfile } from './profile';
import { component, only, segments } from './read-message';

const profile = testProfile({ maxObservationsPerMessage: 5 });

function transform(bytes: Uint8Array, seed = 'seed') {
  return mapFile(readBundle(bytes), profile, testContext({ seed }));
}

/** The parser of bundles replaces U+0001 at the start of a string: FHIR does not allow it there. */
function asRead(text: string): string {
  return text.startsWith('\u0001') ? `\ufffd${text.slice(1)}` : text;
}

/** HL7 has one sign for a line break in formatted text. */
function asFormatted(text: string): string {
  return asRead(text).replace(/\r\n|\r/g, '\n');
}

describe('properties of the transform', () => {
  it('should give the same bytes for the same input, and other control ids for another seed', () => {
    fc.assert(
      fc.property(anyBundle, (bundle) => {
        const bytes = bundleBytes(resourcesOf(bundle));
        const first = transform(bytes);
        expect(transform(bytes)).toEqual(first);
        const ids = first.messages.map(({ controlId }) => controlId);
        const others = transform(bytes, 'another seed').messages.map(({ controlId }) => controlId);
        expect(new Set([...ids, ...others]).size).toBe(ids.length + others.length);
      }),
      { numRuns: 50 },
    );
  });

  it('should write every value, code, text and id so that a receiver reads what was sent', () => {
    fc.assert(
      fc.property(anyBundle, (bundle) => {
        const { messages, unmapped, leftOut, kinds } = transform(bundleBytes(resourcesOf(bundle)));
        expect({ unmapped, leftOut, kinds }).toEqual({
          unmapped: [],
          leftOut: [],
          kinds: { glucose: bundle.samples.length },
        });
        const read = messages.flatMap(({ text }) => {
          const pid = only(text, 'PID');
          expect(component(pid, 3)).toBe(asRead(bundle.patient.value));
          expect([component(pid, 5, 1), component(pid, 5, 2)]).toEqual(
            [bundle.patient.family, bundle.patient.given].map(asRead),
          );
          return segments(text, 'OBX');
        });
        expect(read.length).toBe(bundle.samples.length);
        bundle.samples.forEach((sample, position) => {
          const obx = read[position];
          if (obx === undefined) throw new Error('an OBX is missing');
          const number = sample.comparator === undefined ? component(obx, 5) : component(obx, 5, 2);
          expect(number).toMatch(/^-?\d+(\.\d+)?$/);
          expect(sameNumber(number, sample.number)).toBe(true);
          if (!/e/i.test(sample.number)) expect(number).toBe(sample.number);
          if (sample.comparator !== undefined) expect(component(obx, 5)).toBe(sample.comparator);
          expect(component(obx, 3)).toBe(sample.code);
          if (sample.display !== undefined) expect(component(obx, 3, 2)).toBe(asRead(sample.display));
          expect(component(obx, 3, 4)).toBe(asRead(sample.alternate?.code ?? ''));
          expect(component(obx, 6)).toBe(sample.unit);
          expect(component(obx, 14).slice(0, 4)).toBe(sample.time.slice(0, 4));
          expect(component(obx, 18)).toBe(asRead(sample.device ?? ''));
          expect([component(obx, 21), component(obx, 21, 2)]).toEqual([sample.id, 'DUCTUS']);
        });
        const comments = messages
          .flatMap(({ text }) => segments(text, 'NTE'))
          .filter((nte) => component(nte, 2) === 'L');
        const sent = bundle.samples.flatMap(({ comment }) => (comment === undefined ? [] : [asFormatted(comment)]));
        expect(comments.map((nte) => component(nte, 3))).toEqual(sent);
      }),
      { numRuns: 200 },
    );
  });

  it('should never write a byte that breaks segments or frames', () => {
    fc.assert(
      fc.property(anyBundle, (bundle) => {
        for (const { text, controlId } of transform(bundleBytes(resourcesOf(bundle))).messages) {
          expect(controlId).toMatch(/^[A-Z0-9]{20}$/);
          expect(text.endsWith('\r')).toBe(true);

          expect(text.replaceAll('\r', '')).not.toMatch(/[\u0000-\u001f\u007f]/);
          for (const segment of text.slice(0, -1).split('\r')) expect(segment).toMatch(/^(MSH|PID|OBR|OBX|NTE)\|/);
          expect(Buffer.from(encodeHl7(text, 'UNICODE UTF-8')).toString('utf8')).toBe(text);
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** Compares decimals by their digits, without floating point. */
function sameNumber(a: string, b: string): boolean {
  const [x, y] = [scientific(a), scientific(b)];
  return x === y;
}

/** `-12.340e1` as sign, digits without zeros around them, and power of ten. */
function scientific(text: string): string {
  const [mantissa = '', power = '0'] = text.toLowerCase().split('e');
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = (whole + fraction).replace(/^0+/, '');
  const trimmed = digits.replace(/0+$/, '');
  if (trimmed === '') return `${sign}0`;
  return `${sign}${trimmed}e${Number(power) - fraction.length + digits.length - trimmed.length}`;
}
