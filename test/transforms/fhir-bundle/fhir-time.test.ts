import fc from 'fast-check';
import { readFhirTime } from '../../../src/transforms/fhir-bundle/fhir-time';
import { parseFhirTime } from '../../../src/transforms/model/time';
import { anyTime } from './arbitraries';

describe('FHIR times of a file', () => {
  it.each([
    '2024-03-01T08:15:00+01:00',
    '2024-03-31T02:30:00',
    '2024-02-29T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '0999-01-01T00:00:00Z',
    '2024-03-01T08:15:00+14:00',
    '2024-03-01T08:15:00-14:01',
    '2024-03-01T24:00:00Z',
    '2024-13-01T08:15:00Z',
    '2024-03-01T08:15:00+01:60',
    '2024-03-01T08:15:00x01:00',
    '2024-03-01T08:15:00+01.00',
    '2024-03-01t08:15:00Z',
    '2024-03-01T0٨:15:00Z',
    '2024-03-01T08:15:00z',
    '',
  ])('should be read as by the pattern of the standard: %s', (text) => {
    expect(readFhirTime(text)).toEqual(parseFhirTime(text));
  });

  it('should be read the same with any one character changed', () => {
    const changed = fc
      .tuple(anyTime, fc.nat(30), fc.constantFrom('0', '1', '9', ':', '-', '+', 'T', 'Z', '.', ' '))
      .map(([text, at, character]) => text.slice(0, at) + character + text.slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(anyTime, changed), (text) => {
        expect(readFhirTime(text)).toEqual(parseFhirTime(text));
      }),
      { numRuns: 3000 },
    );
  });
});
