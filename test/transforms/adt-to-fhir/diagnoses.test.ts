import { conditionsOf } from './read';
import { testSettings } from './settings';

const TYPE_1 = '46635009';
const TYPE_2 = '44054006';

/** SNOMED codes of the Conditions. */
function codes(dg1: readonly string[], settings?: Parameters<typeof conditionsOf>[1]): unknown[] {
  return conditionsOf(dg1, settings).map(({ code }) => JSON.stringify(code).match(/"code":"(\d+)"/)?.[1]);
}

describe('diagnoses of diabetes', () => {
  it.each([
    ['E10.9^^I10', TYPE_1],
    ['E109^^ICD10', TYPE_1],
    ['E11.65^^I10C', TYPE_2],
    ['E11.A^^ICD-10-CM', TYPE_2],
    ['e11^^ICD-10', TYPE_2],
    ['E11.20+^^ICD-10-GM-2026', TYPE_2],
    ['E11.90G^^I10', TYPE_2],
    ['E12.9^^I10', '75524006'],
    ['E13.9^^I10', '73211009'],
    ['E14.-^^I10', '73211009'],
    ['E08.9^^I10C', '8801005'],
    ['E09.9^^I10C', '5368009'],
    ['O24.0^^I10', TYPE_1],
    ['O24.1^^I10', TYPE_2],
    ['O24.4^^I10', '11687002'],
    ['O24.414^^I10C', '11687002'],
    ['O24.9^^I10', '73211009'],
    ['P70.2^^I10', '49817004'],
    ['250.00^^I9C', TYPE_2],
    ['250.01^^I9', TYPE_1],
    ['250.93^^ICD-9-CM', TYPE_1],
    ['250^^ICD9', '73211009'],
    ['249.00^^I9', '8801005'],
    ['648.83^^I9', '11687002'],
    ['46635009^^SCT', TYPE_1],
    ['426875007^^SNOMED-CT', '426875007'],
    ['44054006^^http://snomed.info/sct', TYPE_2],
    ['E10.9^^2.16.840.1.113883.6.3', TYPE_1],
    // No system: the letter is enough.
    ['E10.9', TYPE_1],
    // The first code says nothing, the second does.
    ['DIAB1^^LOCAL^E10.9^^I10', TYPE_1],
  ])('should read %s as %s', (dg1, snomed) => {
    expect(codes([`DG1|1||${dg1}`])).toEqual([snomed]);
  });

  it.each([
    'I10^^I10',
    'E66.9^^I10',
    'E15^^I10',
    'O23^^I10',
    'R73.0^^I10',
    '38341003^^SCT',
    '250.00',
    '401.9^^I9',
    'E10.9^^LOCAL',
    // ICD-10-GM: suspected, excluded, state after.
    'E11.90V^^ICD-10-GM-2026',
    'E11.90A^^I10',
    'E10.90ZL^^I10',
    '',
    '""',
  ])('should leave out %j', (dg1) => {
    expect(codes([`DG1|1||${dg1}`])).toEqual([]);
  });

  it('should leave out what is longer than any code, without looking through it', () => {
    expect(codes([`DG1|1||E10${'-'.repeat(1_000_000)}x^^I10C`])).toEqual([]);
  });

  it('should take the system of DG1-2 in old versions', () => {
    expect(codes(['DG1|1|I9|25001'])).toEqual([TYPE_1]);
    expect(codes(['DG1|1|I10|E11'])).toEqual([TYPE_2]);
  });

  it('should take codes of the configuration first, whatever the system is called', () => {
    const settings = testSettings({
      diagnoses: { 'LOCAL|DIAB1': TYPE_1, 'I10|E13.9': TYPE_2, 'http://his.example/cs|dm': TYPE_2 },
    });

    expect(codes(['DG1|1||DIAB1^^LOCAL'], settings)).toEqual([TYPE_1]);
    expect(codes(['DG1|1||diab1^^local'], settings)).toEqual([TYPE_1]);
    expect(codes(['DG1|1||E13.9^^ICD-10'], settings)).toEqual([TYPE_2]);
    expect(codes(['DG1|1||DM^^http://his.example/cs'], settings)).toEqual([TYPE_2]);
    expect(codes(['DG1|1||E13.8^^I10'], settings)).toEqual(['73211009']);
  });

  it('should be one Condition for each kind, in the order of the message', () => {
    expect(codes(['DG1|1||E11.2^^I10', 'DG1|2||E11.4^^I10', 'DG1|3||E10.9^^I10'])).toEqual([TYPE_2, TYPE_1]);
  });

  it('should leave out what the HIS has deleted, and what the admitting doctor thinks', () => {
    expect(codes([`DG1|1||E11.2^^I10${'|'.repeat(18)}D`])).toEqual([]);
    expect(codes(['DG1|1||E11.2^^I10|||A'])).toEqual([]);
    expect(codes(['DG1|1||E11.2^^I10|||W', `DG1|2||E10.2^^I10|||F${'|'.repeat(15)}U`])).toEqual([TYPE_2, TYPE_1]);
  });

  it('should have the words of the HIS and the times', () => {
    const [condition] = conditionsOf([
      `DG1|1||E10.9^Diabetes Typ 1^I10|Zuckerkrankheit|20101203|F${'|'.repeat(13)}202601051200`,
    ]);

    expect(condition).toMatchObject({
      meta: { profile: ['http://roche.com/fhir/rdc/StructureDefinition/condition'] },
      clinicalStatus: 'active',
      code: {
        coding: [{ system: 'http://snomed.info/sct', code: TYPE_1, display: 'Diabetes mellitus type 1' }],
        text: 'Zuckerkrankheit',
      },
      onsetDateTime: '2010-12-03',
      assertedDate: '2026-01-05T12:00:00+01:00',
    });
  });

  it('should leave out times that are none', () => {
    const [condition] = conditionsOf(['DG1|1||E10.9^^I10||unknown']);

    expect(condition).not.toHaveProperty('onsetDateTime');
    expect(condition?.['code']).not.toHaveProperty('text');
  });
});
