/** Times with and without offset; each expectation was looked up in the zone's rules, not computed by the code under test. */
import { parseFhirTime, parseHl7Time, toHl7Date, toHl7Time, utcTime } from '../../../src/transforms/model/time';
import { TimeZone } from '../../../src/transforms/model/time-zone';

function inZone(text: string, zone: string) {
  const time = parseFhirTime(text);
  if (time === undefined) throw new Error('not a time');
  const { text: hl7, change, instantMs } = toHl7Time(time, new TimeZone(zone));
  return { hl7, change, instant: new Date(instantMs).toISOString() };
}

describe('FHIR times', () => {
  it.each([
    ['2024-03-01T10:00:00+01:00', '20240301100000+0100', '2024-03-01T09:00:00.000Z'],
    ['2024-03-01T10:00:00Z', '20240301100000+0000', '2024-03-01T10:00:00.000Z'],
    ['2024-03-01T10:00:00-00:00', '20240301100000-0000', '2024-03-01T10:00:00.000Z'],
    ['2024-03-01T10:00:00.5-09:30', '20240301100000.5-0930', '2024-03-01T19:30:00.500Z'],
    ['2024-03-01T10:00:00.123456+14:00', '20240301100000.1234+1400', '2024-02-29T20:00:00.123Z'],
    ['2024-03-01T10:00+01:00', '202403011000+0100', '2024-03-01T09:00:00.000Z'],
    ['2024-02-29', '20240229', '2024-02-28T23:00:00.000Z'],
    ['2024-02', '202402', '2024-01-31T23:00:00.000Z'],
    ['2024', '2024', '2023-12-31T23:00:00.000Z'],
  ])('should write %s as %s', (fhir, hl7, instant) => {
    expect(inZone(fhir, 'Europe/Berlin')).toEqual({ hl7, instant, change: undefined });
  });

  it.each([
    '2024-13-01',
    '2024-00-10',
    '2023-02-29',
    '1900-02-29',
    '2024-04-31',
    '2024-03-01T24:00:00Z',
    '2024-03-01T10:60:00Z',
    '2024-03-01T10:00:60Z',
    '2024-03-01T10:00:00+14:01',
    '2024-03-01T10:00:00+01:60',
    '2024-03-01T10:00:00+1:00',
    '2024-3-1',
    '01.03.2024',
    '2024-03-01 10:00:00',
    '2024-03-01T10:00:00Z ',
    '',
  ])('should refuse %p', (text) => {
    expect(parseFhirTime(text)).toBeUndefined();
  });

  it('should take 29 February of leap years, also of centuries', () => {
    expect(parseFhirTime('2000-02-29')?.digits).toBe('20000229');
    expect(parseFhirTime('2024-02-29')?.digits).toBe('20240229');
  });

  it('should write dates and instants', () => {
    expect(toHl7Date('1980-02-29')).toBe('19800229');
    expect(toHl7Date('1980')).toBe('1980');
    expect(toHl7Date('1980-02-30')).toBeUndefined();
    expect(utcTime(Date.UTC(2024, 2, 1, 9, 5, 7, 999))).toBe('20240301090507+0000');
  });
});

describe('HL7 times', () => {
  it.each([
    ['20240301081500+0100', '20240301081500', '+0100'],
    ['20240301081500.1234567-0330', '20240301081500.1234', '-0330'],
    ['202403010815', '202403010815', ''],
    ['20240301081500+01', '20240301081500', '+0100'],
    ['20240301081500-0000', '20240301081500', '-0000'],
    // An hour is its first minute; an offset of a day says nothing.
    ['2024030108', '202403010800', ''],
    ['20240301+0100', '20240301', ''],
    ['202403', '202403', ''],
    ['2024', '2024', ''],
    ['20240229', '20240229', ''],
  ])('should be read: %s', (text, digits, offsetText) => {
    expect(parseHl7Time(text)).toMatchObject({ digits, offsetText });
  });

  it('should mean the same instant as the FHIR time', () => {
    expect(parseHl7Time('20240301081500.25+0530')).toEqual(parseFhirTime('2024-03-01T08:15:00.25+05:30'));
    expect(parseHl7Time('19610713')).toEqual(parseFhirTime('1961-07-13'));
  });

  it.each([
    '',
    '20230229',
    '20241301',
    '2024030124',
    '202403010860',
    '20240301081500+1500',
    '2024030',
    '20240301081500Z',
    '2024-03-01',
    '202403010815.5',
    ' 20240301',
    '20240301\n',
  ])('should be none: %j', (text) => {
    expect(parseHl7Time(text)).toBeUndefined();
  });
});

describe('times without offset', () => {
  it.each([
    // Europe: at 01:00 UTC on the last Sundays of March and October.
    ['Europe/Berlin', '2024-01-15T12:00:00', '+0100', undefined],
    ['Europe/Berlin', '2024-07-15T12:00:00', '+0200', undefined],
    ['Europe/Berlin', '2024-03-31T01:59:59', '+0100', undefined],
    ['Europe/Berlin', '2024-03-31T02:00:00', '+0100', 'skipped'],
    ['Europe/Berlin', '2024-03-31T02:59:59', '+0100', 'skipped'],
    ['Europe/Berlin', '2024-03-31T03:00:00', '+0200', undefined],
    ['Europe/Berlin', '2024-10-27T01:59:59', '+0200', undefined],
    ['Europe/Berlin', '2024-10-27T02:00:00', '+0200', 'repeated'],
    ['Europe/Berlin', '2024-10-27T02:59:59', '+0200', 'repeated'],
    ['Europe/Berlin', '2024-10-27T03:00:00', '+0100', undefined],
    // West of Greenwich: at 02:00 local time on the second Sunday of March and the first of November.
    ['America/New_York', '2024-03-10T02:30:00', '-0500', 'skipped'],
    ['America/New_York', '2024-11-03T01:30:00', '-0400', 'repeated'],
    ['America/New_York', '2024-11-03T02:00:00', '-0500', undefined],
    // South: summer over the new year.
    ['America/Santiago', '2024-01-15T12:00:00', '-0300', undefined],
    // Half an hour of daylight saving time.
    ['Australia/Lord_Howe', '2024-10-06T02:15:00', '+1030', 'skipped'],
    ['Australia/Lord_Howe', '2024-10-06T02:30:00', '+1100', undefined],
    ['Australia/Lord_Howe', '2024-04-07T01:45:00', '+1100', 'repeated'],
    // Odd offsets, none, and a whole day that did not exist.
    ['Asia/Kathmandu', '2024-06-01T00:00:00', '+0545', undefined],
    ['UTC', '2024-06-01T00:00:00', '+0000', undefined],
    ['Pacific/Apia', '2011-12-30T12:00:00', '-1000', 'skipped'],
  ])('should read %s %s with %s (%s)', (zone, text, offset, change) => {
    const read = inZone(text, zone);
    expect(read.hl7).toBe(text.replace(/[-:T]/g, '') + offset);
    expect(read.change).toBe(change);
  });

  it('should not depend on the zone of the machine', () => {
    const before = process.env['TZ'];
    try {
      process.env['TZ'] = 'Pacific/Kiritimati';
      expect(inZone('2024-07-15T12:00:00', 'Europe/Berlin').hl7).toBe('20240715120000+0200');
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });
});
