import { adt, MERGE_A40 } from './messages';
import { message, refusal, taken, type Parts } from './read';
import { testSettings } from './settings';

const A40 = { 9: 'ADT^A40^ADT_A39' };

describe('what is no message', () => {
  it.each(['', 'hello', 'MSH', 'PID|1||1\r', '\u0000\u0001', 'MSH|||\r'])(
    'should be answered AE without a header: %j',
    (text) => {
      expect(refusal(text)).toMatchObject({
        answer: 'AE',
        errorCode: '100',
        location: { segment: 'MSH' },
        control: undefined,
      });
    },
  );
});

describe('what is not taken (AR)', () => {
  const cases: readonly (readonly [string, Parts, string, number])[] = [
    ['another type', { msh: { 9: 'ORU^R01^ORU_R01' } }, '200', 9],
    ['an acknowledgment', { msh: { 9: 'ACK^A08^ACK' } }, '200', 9],
    ['an event that nobody takes', { msh: { 9: 'ADT^A03^ADT_A03' } }, '201', 9],
    ['an event that is none', { msh: { 9: 'ADT^XYZ' } }, '201', 9],
    ['a training message', { msh: { 11: 'T' } }, '202', 11],
    ['a processing id that is none', { msh: { 11: 'X^T' } }, '202', 11],
    ['a version that is none', { msh: { 12: '2.10' } }, '203', 12],
    ['version 3', { msh: { 12: '3.0' } }, '203', 12],
  ];

  it.each(cases)('%s', (_, parts, errorCode, field) => {
    expect(refusal(message(parts))).toMatchObject({
      answer: 'AR',
      errorCode,
      location: { segment: 'MSH', sequence: 1, field },
    });
  });

  it('should be an event that the configuration leaves out', () => {
    expect(refusal(message(), testSettings({ events: ['A28', 'A31'] }))).toMatchObject({
      answer: 'AR',
      errorCode: '201',
    });
  });

  it('should be decided before the content is looked at', () => {
    expect(refusal(message({ msh: { 9: 'ADT^A03' }, pid: { 3: '', 5: '' } }))).toMatchObject({ answer: 'AR' });
  });

  it('should have what the answer needs of the header', () => {
    expect(
      refusal(message({ msh: { 3: 'HIS', 4: 'KH', 9: 'ADT^A03', 10: 'ID7', 15: 'AL', 16: 'NE' } })).control,
    ).toMatchObject({
      delimiters: '|^~\\&',
      sendingApplication: 'HIS',
      sendingFacility: 'KH',
      triggerEvent: 'A03',
      controlId: 'ID7',
      version: '2.5',
      acceptAcknowledgment: 'AL',
      applicationAcknowledgment: 'NE',
    });
  });
});

describe('content that is wrong (AE)', () => {
  const prior = (mrg: string): Parts => ({ msh: A40, more: [`MRG|${mrg}`] });
  const cases: readonly (readonly [string, Parts, string, object])[] = [
    ['no message type', { msh: { 9: '' } }, '101', { segment: 'MSH', field: 9, component: 1 }],
    ['no event, in EVN neither', { msh: { 9: 'ADT' } }, '101', { segment: 'MSH', field: 9, component: 2 }],
    ['no control id', { msh: { 10: '' } }, '101', { segment: 'MSH', field: 10 }],
    ['a control id that is too long', { msh: { 10: 'X'.repeat(200) } }, '102', { segment: 'MSH', field: 10 }],
    ['no version', { msh: { 12: '' } }, '101', { segment: 'MSH', field: 12 }],
    ['MSH-7 that is no time', { msh: { 7: 'yesterday' } }, '102', { segment: 'MSH', field: 7 }],
    ['EVN-2 in the form of another standard', { evn: { 2: '2026-03-01T10:00' } }, '102', { segment: 'EVN', field: 2 }],
    ['EVN-2 with a minute that is none', { evn: { 2: '202603011260' } }, '102', { segment: 'EVN', field: 2 }],
    ['no number', { pid: { 3: '' } }, '101', { segment: 'PID', field: 3 }],
    ['a number without digits or letters', { pid: { 3: '^^^HOSP^MR' } }, '101', { segment: 'PID', field: 3 }],
    ['a deleted number', { pid: { 3: '""' } }, '101', { segment: 'PID', field: 3 }],
    ['only numbers of another type', { pid: { 3: '1^^^HOSP^PI~2^^^HOSP^AN' } }, '101', { segment: 'PID', field: 3 }],
    ['only the number of a visit', { pid: { 3: '1^^^HOSP^VN' } }, '101', { segment: 'PID', field: 3 }],
    [
      'a number that is too long for Roche',
      { pid: { 3: `x^^^HOSP^PI~${'9'.repeat(65)}^^^HOSP^MR` } },
      '102',
      { segment: 'PID', field: 3, repetition: 2, component: 1 },
    ],
    ['a number with a line break', { pid: { 3: '1\\X0A\\2^^^HOSP^MR' } }, '102', { segment: 'PID', field: 3 }],
    ['no name', { pid: { 5: '' } }, '101', { segment: 'PID', field: 5 }],
    ['a deleted name', { pid: { 5: '""' } }, '101', { segment: 'PID', field: 5 }],
    ['no family name', { pid: { 5: '^Maxi' } }, '101', { segment: 'PID', field: 5, component: 1 }],
    ['no given name', { pid: { 5: 'Muster' } }, '101', { segment: 'PID', field: 5, component: 2 }],
    ['a name of white space', { pid: { 5: ' ^\\.br\\' } }, '101', { segment: 'PID', field: 5 }],
    ['only the name of the partner', { pid: { 5: 'Muster^Otto^^^^^P' } }, '101', { segment: 'PID', field: 5 }],
    ['a month that is none', { pid: { 7: '19841350' } }, '102', { segment: 'PID', field: 7 }],
    ['29 February of a common year', { pid: { 7: '19830229' } }, '102', { segment: 'PID', field: 7 }],
    ['a day 00', { pid: { 7: '19550000' } }, '102', { segment: 'PID', field: 7 }],
    ['a birth date in ISO form', { pid: { 7: '1984-03-01' } }, '102', { segment: 'PID', field: 7 }],
    ['the year 0', { pid: { 7: '00000101' } }, '102', { segment: 'PID', field: 7 }],
    ['a sex that table 0001 has not', { pid: { 8: 'weiblich' } }, '103', { segment: 'PID', field: 8 }],
    ['a time of death that is none', { pid: { 29: 'J' } }, '102', { segment: 'PID', field: 29 }],
    ['a second patient', { more: ['PID|2||9^^^HOSP^MR||Muster^Mia'] }, '100', { segment: 'PID', sequence: 2 }],
    ['a merge without MRG', { msh: A40 }, '101', { segment: 'MRG', field: 1 }],
    ['a merge without prior number', prior(''), '101', { segment: 'MRG', field: 1 }],
    ['a merge of an account', prior('7^^^HOSP^AN'), '101', { segment: 'MRG', field: 1 }],
    [
      'a merge of two numbers at once',
      prior('7^^^HOSP^MR~9^^^X^PI~8^^^HOSP^MR'),
      '102',
      { segment: 'MRG', field: 1, repetition: 3 },
    ],
    ['two MRG', { msh: A40, more: ['MRG|7^^^HOSP^MR', 'MRG|8^^^HOSP^MR'] }, '100', { segment: 'MRG', sequence: 2 }],
  ];

  it.each(cases)('%s', (_, parts, errorCode, location) => {
    expect(refusal(message(parts))).toMatchObject({ answer: 'AE', errorCode, location });
  });

  it('should be no PID at all', () => {
    expect(refusal(adt('MSH|^~\\&|||||||ADT^A08|1|P|2.5'))).toMatchObject({
      answer: 'AE',
      errorCode: '100',
      location: { segment: 'PID', sequence: 1 },
    });
  });

  it('should name the first field that is wrong', () => {
    expect(refusal(message({ pid: { 7: 'x', 8: 'x' } })).location).toMatchObject({ field: 7 });
  });

  it('should be a number of another authority, when one is configured', () => {
    const settings = testSettings({ identifier: { authority: 'OTHER' } });

    expect(refusal(message(), settings)).toMatchObject({ errorCode: '101', location: { segment: 'PID', field: 3 } });
  });
});

describe('a new patient without diabetes', () => {
  const settings = testSettings({ requireCondition: true });
  const DIABETES = 'DG1|1||E10.9^^I10';

  it.each(['A01', 'A04', 'A05', 'A28'])('should be refused when a diagnosis is required (%s)', (event) => {
    const msh = { 9: `ADT^${event}` };

    expect(refusal(message({ msh }), settings)).toMatchObject({
      errorCode: '100',
      location: { segment: 'DG1', sequence: 1 },
    });
    expect(refusal(message({ msh, more: ['DG1|1||I10^^I10'] }), settings)).toMatchObject({
      errorCode: '103',
      location: { segment: 'DG1', field: 3 },
    });
    expect(refusal(message({ msh, more: [`${DIABETES}|||A`] }), settings)).toMatchObject({ errorCode: '103' });
    expect(taken(message({ msh, more: ['DG1|1||I10^^I10', DIABETES] }), settings).event).toBe(event);
  });

  it.each(['A08', 'A31'])('should be taken as a change of a known one (%s)', (event) => {
    expect(taken(message({ msh: { 9: `ADT^${event}` } }), settings).event).toBe(event);
  });

  it('should be taken in a merge', () => {
    expect(taken(MERGE_A40, settings).kind).toBe('merge');
  });
});
