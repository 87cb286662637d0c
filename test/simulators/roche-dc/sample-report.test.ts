/** Synthetic reports: the same for the same options, and one set over all versions. */
import { sampleReport, sampleReportIds } from '../../../simulators/roche-dc/sample-report';

describe('sampleReport', () => {
  it('should give the same bytes for the same options, and others for others', () => {
    const bytes = sampleReport({ patient: 1, seed: 1 });
    expect(sampleReport({ patient: 1, seed: 1 })).toEqual(bytes);
    for (const options of [
      { patient: 2, seed: 1 },
      { patient: 1, seed: 2 },
      { patient: 1, seed: 1, version: 2 },
      { patient: 1, seed: 1, finding: 'other' },
    ]) {
      expect(sampleReport(options)).not.toEqual(bytes);
    }
  });

  it('should name what a version replaces, in the same set', () => {
    const [first, second] = [1, 2].map((version) => sampleReportIds({ patient: 1, seed: 1, version }));
    expect(second).toEqual({ id: expect.any(String), setId: first?.setId, previousId: first?.id });
    expect(first?.previousId).toBeUndefined();
    const text = sampleReport({ patient: 1, seed: 1, version: 2 }).toString('utf8');
    expect(text).toContain(`typeCode="RPLC"><parentDocument><id root="2.999.1.20.1" extension="${first?.id ?? ''}"`);
    expect(text).toContain('<versionNumber value="2"/>');
  });

  it('should have no root outside of the arc for examples, but those of HL7 and code systems', () => {
    const text = sampleReport({ patient: 1, seed: 1, version: 2 }).toString('utf8');
    const roots = [...text.matchAll(/(?:root|codeSystem)="([^"]*)"/g)].map(([, root]) => root ?? '');
    expect(roots.filter((root) => !root.startsWith('2.999.') && !root.startsWith('2.16.840.1.113883.'))).toEqual([]);
  });
});
