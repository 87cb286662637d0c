/** How a file that is too large for one message is split. */
import { inParts } from '../../../src/transforms/model/by-patient';
import { mapFile } from '../../../src/transforms/mapping';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import { bundleBytes, glucose, PATIENT } from '../fhir-bundle/bundles';
import { testContext, testProfile } from '../fhir-to-hl7/profile';
import { select } from '../../../src/transforms/selection/select';

const days = Array.from({ length: 6 }, (_, day) =>
  glucose({ id: `bg-${String(day)}`, effectiveDateTime: `2024-03-0${String(day + 1)}T08:00:00+01:00` }),
);

describe('inParts', () => {
  it('should keep the statistics of a day with the count that stands for its readings', () => {
    const profile = testProfile({ density: { glucose: 'daily-summary' }, maxObservationsPerMessage: 3 });
    const content = readBundle(bundleBytes([PATIENT, ...days]));
    const { items } = select(content, profile.selection, testContext());
    expect(items.length).toBe(24);
    expect([...inParts(items, 3)].map((part) => part.length)).toEqual([4, 4, 4, 4, 4, 4]);
    for (const { references } of mapFile(content, profile, testContext()).messages) expect(references.length).toBe(1);
  });

  it('should give back every item once, in order', () => {
    const { items } = select(readBundle(bundleBytes([PATIENT, ...days])), testProfile().selection, testContext());
    for (const size of [1, 4, 5, 6, 7]) expect([...inParts(items, size)].flat()).toEqual(items);
    expect([...inParts([], 3)]).toEqual([]);
  });
});
