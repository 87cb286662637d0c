/** What is read of a report's header, in each way that it can be written. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { SAMPLE_REPORT_ROOT, sampleReport, sampleReportIds } from '../../../simulators/roche-dc/sample-report';
import { samplePatient } from '../../../simulators/roche-dc/sample-data';
import { compareDelivered, versionKey } from '../../../src/domain/resource-version';
import { readReport } from '../../../src/transforms/cda';
import type { ParsedResource } from '../../../src/transforms/model/content';
import type { Report } from '../../../src/transforms/model/reading';

function only(bytes: Uint8Array): ParsedResource {
  const { resources, superseded } = readReport(bytes);
  expect(superseded).toEqual([]);
  expect(resources).toHaveLength(1);
  const [resource] = resources;
  if (resource === undefined) throw new Error('no resource');
  return resource;
}

function reportOf(bytes: Uint8Array): Report {
  const { mapping } = only(bytes);
  if (mapping.kind !== 'report') throw new Error('no report');
  return mapping.report;
}

/** The synthetic report with parts of its text changed. */
function changed(changes: readonly (readonly [string | RegExp, string])[]): Buffer {
  let text = sampleReport({ patient: 1, seed: 1 }).toString('utf8');
  for (const [from, to] of changes) {
    const after = text.replace(from, to);
    expect(after).not.toBe(text);
    text = after;
  }
  return Buffer.from(text, 'utf8');
}

const PATIENT = samplePatient(1);

describe('a report', () => {
  it('should give what its header says, and its bytes as they came', () => {
    const bytes = sampleReport({ patient: 1, seed: 1, version: 2 });
    const { id, setId, previousId } = sampleReportIds({ patient: 1, seed: 1, version: 2 });
    expect(reportOf(bytes)).toEqual({
      id: { root: `${SAMPLE_REPORT_ROOT}.1`, extension: id },
      set: { root: `${SAMPLE_REPORT_ROOT}.2`, extension: setId },
      versionNumber: '2',
      replaces: { root: `${SAMPLE_REPORT_ROOT}.1`, extension: previousId },
      type: { system: 'http://loinc.org', code: '34133-9', display: 'Summary of episode note' },
      title: 'Synthetic diabetes report',
      time: expect.objectContaining({ digits: '20260112081500', offsetText: '+0100', hasClock: true }),
      confidentiality: 'N',
      language: 'de-DE',
      authors: ['Dr. Synthetic Author'],
      organization: 'Synthetic Diabetes Centre',
      bytes,
    });
  });

  it('should be about the patient under the key that the readings have', () => {
    const { patient, subject, path, unread } = only(sampleReport({ patient: 1, seed: 1 }));
    expect(path).toBe('ClinicalDocument');
    expect(unread).toEqual([]);
    expect(patient).toBe(`${PATIENT.system}|${PATIENT.id}`);
    expect(subject).toEqual({
      key: patient,
      identifier: { system: PATIENT.system, value: PATIENT.id },
      details: {
        name: [
          { use: 'official', text: undefined, family: PATIENT.family, given: [PATIENT.given], prefix: [], suffix: [] },
        ],
        gender: PATIENT.gender,
        birthDate: PATIENT.birthDate,
      },
      path: 'ClinicalDocument.recordTarget.patientRole',
    });
  });

  it('should be known by its set, so that a replacement is another version of the same', () => {
    const [first, second] = [1, 2].map((version) => only(sampleReport({ patient: 1, seed: 1, version })));
    if (first === undefined || second === undefined) throw new Error('no reports');
    expect(second.reference).toBe(first.reference);
    expect(first.contentHash).toBe(
      createHash('sha256')
        .update(sampleReport({ patient: 1, seed: 1 }))
        .digest('hex'),
    );
    expect(compareDelivered(versionKey(first), first)).toBe('current');
    expect(compareDelivered(versionKey(first), second)).toBe('earlier');
    expect(compareDelivered(versionKey(second), first)).toBe('newer');
  });

  it('should order versions by their number, whatever their times say', () => {
    const late = only(sampleReport({ patient: 1, seed: 1, time: '20260301' }));
    const second = only(sampleReport({ patient: 1, seed: 1, version: 2, time: '20260101' }));
    expect(compareDelivered(versionKey(late), second)).toBe('earlier');
  });

  it('should be known by its id when it is in no set, and ordered by its time', () => {
    const [first, later] = ['20260112081500+0100', '202601120800+0000'].map((time) =>
      only(sampleReport({ patient: 1, seed: 1, inSet: false, time })),
    );
    if (first === undefined || later === undefined) throw new Error('no reports');
    expect(first.reference).toBe(
      `ClinicalDocument/${SAMPLE_REPORT_ROOT}.1^${sampleReportIds({ patient: 1, seed: 1 }).id}`,
    );
    expect(later.reference).toBe(first.reference);
    expect(compareDelivered(versionKey(first), later)).toBe('earlier');
    expect(compareDelivered(versionKey(later), first)).toBe('newer');
  });

  it('should be a correction when a version with a number follows one without, and the reverse', () => {
    const numbered = only(changed([]));
    const bare = only(changed([[/<versionNumber[^>]*>/, '']]));
    expect(bare.reference).toBe(numbered.reference);
    expect(compareDelivered(versionKey(bare), numbered)).toBe('earlier');
    expect(compareDelivered(versionKey(numbered), bare)).toBe('earlier');
  });

  it.each(['UTF-8', 'UTF-16', 'ISO-8859-1'] as const)('should be read in %s', (encoding) => {
    const patient = { ...PATIENT, family: 'Müller-Übung' };
    const bytes = sampleReport({ patient, seed: 1, title: 'Überblick', encoding });
    expect(reportOf(bytes).title).toBe('Überblick');
    expect(reportOf(bytes).bytes).toEqual(bytes);
    expect(only(bytes).subject?.details?.name?.[0]?.family).toBe('Müller-Übung');
  });

  it('should be read in big-endian UTF-16, and in UTF-8 with a byte order mark', () => {
    const big = sampleReport({ patient: 1, seed: 1, title: 'Überblick', encoding: 'UTF-16' }).swap16();
    expect(reportOf(big).title).toBe('Überblick');
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), sampleReport({ patient: 1, seed: 1 })]);
    expect(reportOf(marked).title).toBe('Synthetic diabetes report');
  });

  it('should be the same with a prefix for the namespace', () => {
    const [plain, prefixed] = [undefined, 'cda'].map((prefix) => {
      const { contentHash, mapping, ...rest } = only(
        sampleReport({ patient: 1, seed: 1, ...(prefix === undefined ? {} : { prefix }) }),
      );
      return { ...rest, ...(mapping.kind === 'report' ? { ...mapping.report, bytes: contentHash.length } : {}) };
    });
    expect(prefixed).toEqual(plain);
  });

  it('should take elements of other namespaces for none of CDA', () => {
    const bytes = changed([
      ['<title>', '<x:title xmlns:x="urn:example">Other</x:title><title>'],
      ['<birthTime', '<title xmlns="urn:example"/><birthTime'],
    ]);
    expect(reportOf(bytes).title).toBe('Synthetic diabetes report');
  });

  it('should take text from CDATA, character references and several lines', () => {
    const bytes = changed([[/<title>.*?<\/title>/, '<title>A &amp; <![CDATA[<B>]]>\r\n  &#228;</title>']]);
    expect(reportOf(bytes).title).toBe('A & <B> ä');
  });
});

describe('what the sender does not know', () => {
  it('should be left out where it has a nullFlavor', () => {
    const bytes = changed([
      [/<effectiveTime[^>]*>/, '<effectiveTime nullFlavor="UNK"/>'],
      [/<birthTime[^>]*>/, '<birthTime nullFlavor="ASKU"/>'],
      [/<administrativeGenderCode[^>]*>/, '<administrativeGenderCode nullFlavor="UNK"/>'],
      [/<name use="L">.*?<\/name>/, '<name nullFlavor="MSK"/>'],
      [/<setId[^>]*>/, '<setId nullFlavor="NI"/>'],
      [/<versionNumber[^>]*>/, '<versionNumber nullFlavor="NI"/>'],
    ]);
    const { subject, reference, version, contentHash } = only(bytes);
    expect(reportOf(bytes)).toMatchObject({ time: undefined, set: undefined, versionNumber: undefined });
    expect(subject?.details).toEqual({ name: [], gender: undefined, birthDate: undefined });
    expect(reference).toMatch(/^ClinicalDocument\/2\.999\.1\.20\.1\^/);
    expect(version).toBe(contentHash);
  });

  it('should be a translation or the nullFlavor itself, for a type', () => {
    const withTranslation = changed([
      [/<code [^>]*>/, '<code nullFlavor="OTH"><translation code="x" codeSystem="2.999.3"/></code>'],
    ]);
    expect(reportOf(withTranslation).type).toEqual({ system: 'urn:oid:2.999.3', code: 'x', display: undefined });
    expect(reportOf(withTranslation).otherTypes).toBeUndefined();
    const without = changed([[/<code [^>]*>/, '<code nullFlavor="UNK"><originalText>A report</originalText></code>']]);
    expect(reportOf(without).type).toEqual({
      system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor',
      code: 'UNK',
      display: 'A report',
    });
  });
});

it('should have the translations of its type as further types', () => {
  const bytes = changed([
    [/<code ([^>]*)\/>/, '<code $1><translation code="x" codeSystem="2.999.3" displayName="A report"/></code>'],
  ]);
  expect(reportOf(bytes)).toMatchObject({
    type: { code: '34133-9' },
    otherTypes: [{ system: 'urn:oid:2.999.3', code: 'x', display: 'A report' }],
  });
});

describe('the patient', () => {
  it('should go by the first number that is one', () => {
    const bytes = changed([
      [
        '<recordTarget><patientRole>',
        '<recordTarget><patientRole><id nullFlavor="UNK"/><id root="2.999.8"/><id root="0A1B2C3D-0000-4000-8000-00000000000F" extension="7"/>',
      ],
    ]);
    expect(only(bytes).subject?.identifier).toEqual({
      system: 'urn:uuid:0a1b2c3d-0000-4000-8000-00000000000f',
      value: '7',
    });
  });

  it('should go by an id without extension when there is no other', () => {
    const bytes = changed([[/(<patientRole>\s*)<id [^>]*>/, '$1<id root="2.999.8.77"/>']]);
    expect(only(bytes).subject?.identifier).toEqual({ system: 'urn:ietf:rfc:3986', value: 'urn:oid:2.999.8.77' });
  });

  it.each([
    ['M', 'male'],
    ['F', 'female'],
    ['UN', 'other'],
    ['constructor', undefined],
  ])('should have the gender of %s', (code, gender) => {
    const bytes = changed([
      [/<administrativeGenderCode code="[^"]*"/, `<administrativeGenderCode displayName="x" code="${code}"`],
    ]);
    expect(only(bytes).subject?.details?.gender).toBe(gender);
  });

  it('should have a birth date as precise as it came, and say so when it is none', () => {
    expect(only(changed([[/<birthTime value="\d+"/, '<birthTime value="1961"']])).subject?.details?.birthDate).toBe(
      '1961',
    );
    const odd = only(changed([[/<birthTime value="\d+"/, '<birthTime value="13.07.1961"']]));
    expect(odd.subject?.details?.birthDate).toBeUndefined();
    expect(odd.unread).toEqual(['ClinicalDocument.recordTarget.patientRole.patient.birthTime']);
  });

  it('should have a name that is text only', () => {
    const bytes = changed([[/<name use="L">.*?<\/name>/, '<name>Synthetic\n Person</name>']]);
    expect(only(bytes).subject?.details?.name).toEqual([expect.objectContaining({ text: 'Synthetic Person' })]);
  });
});

it('should read back any text that XML can hold', () => {
  const text = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 30 })
    .filter((each) => !/[\u0000-\u001f\u007f\ufffe\uffff\s]/.test(each));
  fc.assert(
    fc.property(
      text,
      text,
      text,
      fc.constantFrom('UTF-8' as const, 'UTF-16' as const),
      (id, family, title, encoding) => {
        const patient = { ...PATIENT, id, family };
        const bytes = sampleReport({ patient, seed: 1, title, encoding });
        const resource = only(bytes);
        expect(resource.subject?.identifier.value).toBe(id);
        expect(resource.subject?.details?.name?.[0]?.family).toBe(family);
        expect(reportOf(bytes).title).toBe(title);
      },
    ),
    { numRuns: 200 },
  );
});
