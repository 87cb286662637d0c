import { readAdt } from '../../../src/transforms/adt-to-fhir';
import { adt, AMERICAN_A08, GERMAN_A28, MERGE_A40, OLD_A31, OLDEST_A08, OWN_DELIMITERS_A01, STYLES } from './messages';
import { message, taken } from './read';
import { testSettings } from './settings';

describe('the event', () => {
  it('should be MSH-9.2, whatever MSH-9.3 and EVN-1 say', () => {
    expect(taken(message({ msh: { 9: 'ADT^A04^ADT_A04' }, evn: { 1: 'A01' } })).event).toBe('A04');
    expect(taken(message({ msh: { 9: 'ADT^A31' } })).event).toBe('A31');
  });

  it('should be EVN-1 in v2.1, which has it there', () => {
    expect(taken(OLDEST_A08).event).toBe('A08');
  });

  it('should be taken with an empty MSH-11 as production', () => {
    expect(taken(message({ msh: { 11: '' } })).kind).toBe('upsert');
  });

  it('should be taken of a training system where that is configured', () => {
    expect(taken(message({ msh: { 11: 'T^T' } }), testSettings({ processingIds: ['P', 'T'] })).kind).toBe('upsert');
  });

  it.each(['2.1', '2.2', '2.3', '2.3.1', '2.4', '2.5', '2.5.1^DEU', '2.6', '2.7', '2.7.1', '2.8', '2.8.1', '2.8.2'])(
    'should be taken in version %s',
    (version) => {
      expect(taken(message({ msh: { 12: version } })).controlId).toBe('ID1');
    },
  );
});

describe('the time', () => {
  const at = (evn: string, msh: string, zone = 'Europe/Berlin') =>
    taken(message({ evn: { 2: evn }, msh: { 7: msh } }), testSettings({}, zone)).eventAtMs;

  it('should be EVN-2', () => {
    expect(at('20260301115900+0100', '20260301130000+0100')).toBe(Date.UTC(2026, 2, 1, 10, 59));
  });

  it('should be MSH-7 without EVN-2, and where EVN-2 is a day alone', () => {
    expect(at('', '20260301130000+0100')).toBe(Date.UTC(2026, 2, 1, 12));
    expect(at('""', '20260301130000+0100')).toBe(Date.UTC(2026, 2, 1, 12));
    expect(at('20260301', '20260301130000+0100')).toBe(Date.UTC(2026, 2, 1, 12));
  });

  it('should be in the zone of the organization where it has no offset', () => {
    expect(at('202607011200', '')).toBe(Date.UTC(2026, 6, 1, 10));
    expect(at('202607011200', '', 'America/New_York')).toBe(Date.UTC(2026, 6, 1, 16));
  });

  it('should be the end of a day without a time: at its beginning, it would be older than all of that day', () => {
    expect(at('20260701', '')).toBe(Date.UTC(2026, 6, 1, 22) - 1);
  });

  it('should be the second of two hours with the same reading, so that nothing of the second is older than the first', () => {
    // The end of summer time in Berlin: 3:00 is 2:00 again, at 1:00 UTC.
    expect(at('202610250210', '')).toBe(Date.UTC(2026, 9, 25, 1, 10));
    expect(at('202610250159', '')).toBe(Date.UTC(2026, 9, 24, 23, 59));
    expect(at('202610250300', '')).toBe(Date.UTC(2026, 9, 25, 2));
    expect(at('202610250210+0200', '')).toBe(Date.UTC(2026, 9, 25, 0, 10));
  });

  it('should keep the milliseconds', () => {
    expect(at('20260301115900.250+0100', '')).toBe(Date.UTC(2026, 2, 1, 10, 59, 0, 250));
  });

  it('should be unknown when the message has none', () => {
    expect(at('', '')).toBeUndefined();
  });
});

describe('the number', () => {
  const number = (pid3: string, identifier: { type?: string; authority?: string } = {}) =>
    taken(message({ pid: { 3: pid3 } }), testSettings({ identifier })).number;

  it('should be the first of the configured type', () => {
    expect(number('1^^^A^PI~2^^^B&1.2.3&ISO^MR~3^^^C^MR')).toEqual({
      value: '2',
      namespace: 'B',
      assigningAuthority: 'B&1.2.3&ISO',
      type: 'MR',
    });
    expect(number('1^^^A^PI~2^^^B^MR', { type: 'PI' }).value).toBe('1');
  });

  it('should be the only one without a type, and the only one of a type that may be a patient number', () => {
    expect(number(' 77 ')).toEqual({ value: '77', namespace: '', assigningAuthority: '', type: 'MR' });
    expect(number('77^^^H^PI')).toEqual({ value: '77', namespace: 'H', assigningAuthority: 'H', type: 'PI' });
  });

  it('should be of the configured authority, by its name or its universal id', () => {
    const pid3 = '1^^^A^MR~2^^^B&1.2.3&ISO^MR~3^^^B&1.2.3&ISO^AN';

    expect(number(pid3, { authority: 'B' })).toEqual({
      value: '2',
      namespace: 'B',
      assigningAuthority: 'B&1.2.3&ISO',
      type: 'MR',
    });
    expect(number(pid3, { authority: '1.2.3' })).toMatchObject({ value: '2', namespace: '1.2.3' });
    expect(number('5^^^B', { authority: 'B' })).toMatchObject({ value: '5', type: 'MR' });
  });

  it('should have the universal id as its namespace where the authority has no name', () => {
    expect(number('1^^^&1.2.3&ISO^MR')).toMatchObject({ namespace: '1.2.3', assigningAuthority: '&1.2.3&ISO' });
  });

  it('should be PID-2 or PID-4 in old versions without PID-3', () => {
    expect(taken(OLD_A31).number.value).toBe('M000777');
    expect(taken(message({ msh: { 12: '2.3' }, pid: { 3: '', 4: '88' } })).number.value).toBe('88');
    expect(readAdt(message({ msh: { 12: '2.5' }, pid: { 2: '77', 3: '', 4: '88' } }), testSettings()).ok).toBe(false);
  });
});

describe('a merge', () => {
  const merge = (pid3: string, mrg1: string, identifier = {}) =>
    taken(message({ msh: { 9: 'ADT^A40' }, pid: { 3: pid3 }, more: [`MRG|${mrg1}`] }), testSettings({ identifier }));

  it('should have the number that survives and the one that ends', () => {
    expect(taken(MERGE_A40)).toMatchObject({
      event: 'A40',
      kind: 'merge',
      number: { value: '00771234', namespace: 'NLMR' },
      prior: { value: '00990001', namespace: 'NLMR' },
    });
  });

  it('should take the authority of the survivor where MRG-1 has none', () => {
    expect(merge('1^^^H&1.2&ISO^MR', '2').prior).toEqual({
      value: '2',
      namespace: 'H',
      assigningAuthority: 'H&1.2&ISO',
      type: 'MR',
    });
    expect(merge('1^^^H^MR', '2', { authority: 'H' }).prior).toMatchObject({ value: '2', namespace: 'H' });
  });

  it('should take the number of the configured type among several', () => {
    expect(merge('1^^^H^MR', '9^^^X^PI~2^^^H^MR~2^^^H^MR').prior?.value).toBe('2');
  });

  it('should take a number of another type only where that of the survivor is of it as well', () => {
    const other = message({ msh: { 9: 'ADT^A40' }, pid: { 3: '1^^^H^MR~8^^^H^PI' }, more: ['MRG|9^^^H^PI'] });
    // 9 of the type MR may be anybody.
    expect(readAdt(other, testSettings())).toMatchObject({ ok: false, refusal: { answer: 'AE', errorCode: '101' } });
    expect(merge('8^^^H^PI', '9^^^H^PI').prior).toMatchObject({ value: '9', type: 'PI' });
    expect(merge('8^^^H^PI', '9').prior).toMatchObject({ value: '9', namespace: 'H' });
  });

  it('should be an update when both numbers are the same', () => {
    expect(merge('1^^^H^MR', '1^^^H^MR')).toMatchObject({ event: 'A40', kind: 'upsert' });
    expect(merge('1^^^H^MR', '1^^^H^MR').prior).toBeUndefined();
  });

  it('should not look at MRG in other events', () => {
    expect(taken(message({ more: ['MRG|2^^^HOSP^MR'] })).prior).toBeUndefined();
  });
});

describe('what is kept of a message', () => {
  it('should be what the mapping reads, and nothing else', () => {
    expect(taken(AMERICAN_A08).content).toEqual({
      form: 'hl7',
      text: adt(
        'MSH|^~\\&|||||20260301101502-0600||ADT^A08|448812|P|2.5.1',
        'EVN||20260301101459-0600',
        'PID|||00771234^^^NLMR^MR||HALVERSEN^INGRID^MAE^JR^MS.^^L~HALVERSEN^INGIE^^^^^N||19790418|F|OSTBY^INGRID^^^^^M||4400 LAKE SHORE DR^APT 12B^DULUTH^MN^55804-1234^USA^P^^ST. LOUIS|ST. LOUIS|(218)555-0142^PRN^PH^^1^218^5550142~(218)555-0199^PRN^CP~^NET^Internet^ingrid.halversen@mail.example|(218)555-0100^WPN^PH^^1^218^5550100^77|eng^English^HL70296|M||||||||||||||N',
        'DG1|||E11.65^Type 2 diabetes mellitus with hyperglycemia^I10C|TYPE 2 DIABETES WITH HYPERGLYCEMIA|20210611|F',
      ),
    });
  });

  it('should have no number of another kind, no relative, no race, no religion, no other diagnosis', () => {
    const { content } = taken(AMERICAN_A08);
    const text = content.form === 'hl7' ? content.text : '';

    for (const other of ['987-65-4329', 'E4471902', '3300412', 'OTTO', '2106-3', '|LUT|', 'I10^', 'SANDOVAL', 'ZPD']) {
      expect(text).not.toContain(other);
    }
  });

  it('should be under the standard delimiters, whatever the sender had', () => {
    const { content } = taken(OWN_DELIMITERS_A01);

    expect(content).toEqual({
      form: 'hl7',
      text: adt(
        'MSH|^~\\&|||||20260301||ADT^A01|ID-9|P|2.6',
        'PID|||77$1^^^H%1^MR||M!ller @ Sons^An*na\\X0A\\Lenax^Aü||19700102|U|||Street&Broad&1^^City',
        'DG1|||44054006^Diabetes type 2^SCT',
      ),
    });
  });

  it.each(Object.keys(STYLES))('should read again as the same change: %s', (name) => {
    const change = taken(Object.entries(STYLES).find(([style]) => style === name)?.[1] ?? '');

    expect(taken(change.content.form === 'hl7' ? change.content.text : '')).toEqual(change);
  });

  it('should keep accents', () => {
    const { content } = taken(GERMAN_A28);

    expect(content.form === 'hl7' && content.text.includes('von der Größe-Öztürk&von der&Größe&&Öztürk')).toBe(true);
  });
});
