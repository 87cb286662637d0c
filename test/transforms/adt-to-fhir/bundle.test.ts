import type { PatientContent } from '../../../src/domain/patient-sync';
import { toRocheBundle } from '../../../src/transforms/adt-to-fhir';
import { AMERICAN_A08, GERMAN_A28, MERGE_A40 } from './messages';
import { CONTEXT, message, taken } from './read';
import { testSettings } from './settings';

const settings = testSettings();
const TYPE_1 = 'DG1|1||E10.9^^I10';
const TYPE_2 = 'DG1|1||E11.9^^I10';

const content = (parts: Parameters<typeof message>[0]): PatientContent => taken(message(parts)).content;
const bundleOf = (contents: readonly PatientContent[], context = CONTEXT) => toRocheBundle(contents, settings, context);

/** Family name of the patient and SNOMED codes of the Conditions. */
function gist(contents: readonly PatientContent[]): unknown[] {
  const [, patient, ...conditions] = bundleOf(contents).bundle.entry.map(({ resource }) => JSON.stringify(resource));
  return [
    patient?.match(/"family":"([^"]+)"/)?.[1],
    ...conditions.map((condition) => condition.match(/"code":"(\d+)"/)?.[1]),
  ];
}

describe('the Bundle for Roche', () => {
  it('should be a message: header, patient, diagnoses', () => {
    const { bundle } = bundleOf([taken(GERMAN_A28).content]);

    expect(bundle).toMatchObject({
      resourceType: 'Bundle',
      type: 'message',
      entry: [
        {
          resource: {
            resourceType: 'MessageHeader',
            meta: { profile: ['http://roche.com/fhir/rdc/StructureDefinition/message-header'] },
            event: {
              system: 'http://roche.com/fhir/rdc/message-type',
              code: 'new-bundle',
              display: 'New bundle generated',
            },
            timestamp: '2026-03-01T12:00:00.000Z',
            source: { software: 'EMR middleware', version: '1.0.0', endpoint: '2.999.1' },
          },
        },
        {
          resource: {
            resourceType: 'Patient',
            meta: { profile: ['http://roche.com/fhir/rdc/StructureDefinition/patient-v2'] },
            identifier: [{ system: 'urn:oid:1.3.6.1.4.1.56221.2.2', value: 'S0815' }],
            active: true,
          },
        },
        { resource: { resourceType: 'Condition', clinicalStatus: 'active' } },
      ],
    });
  });

  it('should have the patient’s number alone, under the configured system', () => {
    const system = 'urn:oid:2.16.724.4.41';
    const { bundle } = toRocheBundle([taken(AMERICAN_A08).content], testSettings({ identifier: { system } }), CONTEXT);

    expect(bundle.entry[1]?.resource['identifier']).toEqual([{ system, value: '00771234' }]);
  });

  it('should have ids that are the same in every message, and references that lead to them', () => {
    const [first, second] = ['20260301', '20260302'].map(
      (day) => bundleOf([content({ msh: { 7: day }, more: [TYPE_1] })]).bundle.entry,
    );
    const ids = (entries: typeof first) => entries?.slice(1).map(({ fullUrl }) => fullUrl);

    expect(ids(first)).toEqual(ids(second));
    expect(first?.[2]?.resource['subject']).toEqual({ reference: `Patient/${first?.[1]?.resource.id}` });
    for (const { fullUrl, resource } of first ?? []) expect(fullUrl).toBe(`urn:uuid:${resource.id}`);
  });

  it('should be the same bytes for the same input', () => {
    const contents = [taken(GERMAN_A28).content];

    expect(JSON.stringify(bundleOf(contents))).toBe(JSON.stringify(bundleOf(contents)));
  });

  it('should be of the newest patient, with the newest diagnoses of all that waited', () => {
    const old = content({ pid: { 5: 'Old^A' }, more: [TYPE_1] });
    const middle = content({ pid: { 5: 'Middle^A' }, more: [TYPE_2] });
    const newest = content({ pid: { 5: 'Newest^A', 8: 'F' } });

    expect(gist([old, middle, newest])).toEqual(['Newest', '44054006']);
    expect(gist([old, newest])).toEqual(['Newest', '46635009']);
    expect(gist([middle, old])).toEqual(['Old', '46635009']);
    expect(gist([newest])).toEqual(['Newest']);
  });

  it('should have no diagnosis that a newer message took back', () => {
    const deleted = content({ pid: { 5: 'New^A' }, more: [`${TYPE_1}${'|'.repeat(18)}D`] });

    expect(gist([content({ more: [TYPE_1] }), deleted])).toEqual(['New']);
  });

  it('should keep what is known when a merge brings a name and no more', () => {
    const full = taken(AMERICAN_A08).content;
    const merge = taken(MERGE_A40).content;

    expect(bundleOf([full, merge]).bundle.entry[1]?.resource).toEqual(bundleOf([full]).bundle.entry[1]?.resource);
    expect(bundleOf([full, merge]).namesOnly).toBe(false);
    expect(bundleOf([merge]).namesOnly).toBe(true);
    expect(bundleOf([full]).namesOnly).toBe(false);
  });

  it('should be about the survivor when it came under a number that was merged', () => {
    const entry = bundleOf([content({ more: [TYPE_1] })], { ...CONTEXT, number: '99' }).bundle.entry;

    expect(entry.slice(1)).toEqual(
      bundleOf([content({ pid: { 3: '99^^^HOSP^MR' }, more: [TYPE_1] })]).bundle.entry.slice(1),
    );
  });

  it('should take the message id that it is given', () => {
    const messageId = '0f8fad5b-d9cb-469f-a165-70867728950e';

    expect(bundleOf([content({})], { ...CONTEXT, messageId }).bundle.entry[0]).toMatchObject({
      fullUrl: `urn:uuid:${messageId}`,
      resource: { id: messageId },
    });
  });

  describe('what it says about the patient, for comparing', () => {
    const hash = (parts: Parameters<typeof message>[0], context = CONTEXT) =>
      bundleOf([content(parts)], context).contentHashInput;

    it('should not depend on when or by which message it was said', () => {
      expect(hash({ msh: { 7: '20270101', 9: 'ADT^A31', 10: 'OTHER', 12: '2.3' } })).toBe(hash({}));
      expect(hash({}, { ...CONTEXT, timestampMs: 0 })).toBe(hash({}));
    });

    it('should not depend on the delimiters and escapes of the sender', () => {
      const own = message()
        .replace('|^~\\&', '@TEMP@')
        .replaceAll('|', '$')
        .replaceAll('^', '%')
        .replace('@TEMP@', '$%*!+')
        .replace('Muster', '!X4D!uster');

      expect(bundleOf([taken(own).content]).contentHashInput).toBe(hash({}));
    });

    it('should differ when the patient does', () => {
      expect(hash({ pid: { 13: '1' } })).not.toBe(hash({}));
      expect(hash({ more: [TYPE_1] })).not.toBe(hash({ more: [TYPE_2] }));
      expect(hash({ pid: { 3: '1' } })).not.toBe(hash({}));
    });
  });

  it('should say that the configuration has changed when a content can no longer be read', () => {
    const other = testSettings({ identifier: { authority: 'ELSEWHERE' } });

    expect(() => toRocheBundle([content({})], other, CONTEXT)).toThrow(
      expect.objectContaining({ code: 'DUCTUS_HL7_INVALID' }),
    );
  });

  it('should be a defect to ask for one of nothing', () => {
    expect(() => bundleOf([])).toThrow(expect.objectContaining({ code: 'DUCTUS_INTERNAL' }));
  });
});
