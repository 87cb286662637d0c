/** When data of a patient may be delivered, by the dates of the consent and by who created the patient. */
import { WITHHELD_REASONS, whyWithheld, type ConsentStanding } from '../../src/domain/consent';

const at = new Date('2026-05-03T12:00:00Z');
const hour = (hours: number): Date => new Date(at.getTime() + hours * 3_600_000);
const given: ConsentStanding = { created: true, consent: 'given', from: null, until: null };

describe('whyWithheld', () => {
  it.each<[string, ConsentStanding, string | undefined]>([
    ['given for all data', given, undefined],
    ['given from this moment', { ...given, from: at }, undefined],
    ['given from later', { ...given, from: hour(1) }, 'not-begun'],
    ['given until later', { ...given, until: hour(1) }, undefined],
    ['given until this moment', { ...given, until: at }, 'ended'],
    ['given for a time around', { ...given, from: hour(-1), until: hour(1) }, undefined],
    ['ended before', { ...given, from: hour(-2), until: hour(-1) }, 'ended'],
    ['withdrawn', { ...given, consent: 'withdrawn' }, 'withdrawn'],
    ['withdrawn, whatever the dates', { ...given, consent: 'withdrawn', from: hour(1), until: hour(2) }, 'withdrawn'],
    ['missing', { ...given, consent: 'missing' }, 'missing'],
    ['given, but not created here', { ...given, created: false }, 'not-created'],
  ])('should say of a consent %s', (_, standing, reason) => {
    expect(whyWithheld([standing], at)).toBe(reason);
  });

  it('should say that nobody in the registry has the number', () => {
    expect(whyWithheld([], at)).toBe('not-created');
  });

  it('should ask for the consent of everybody who has the number', () => {
    expect(whyWithheld([given, { ...given, consent: 'missing' }], at)).toBe('missing');
    expect(
      whyWithheld(
        [
          { ...given, until: at },
          { ...given, consent: 'withdrawn' },
        ],
        at,
      ),
    ).toBe('withdrawn');
    expect(whyWithheld([given, given], at)).toBeUndefined();
  });

  it('should have a reason for each way', () => {
    expect(WITHHELD_REASONS).toEqual(['not-created', 'missing', 'withdrawn', 'not-begun', 'ended']);
  });
});
