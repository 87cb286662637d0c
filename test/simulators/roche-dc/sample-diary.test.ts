/** Diaries hold all that Roche shares, and what patients do to it afterwards. */
import { diaryBundle, type DiaryOptions } from '../../../simulators/roche-dc/sample-diary';
import { DIARY_EDITS, editedDiary } from '../../../simulators/roche-dc/sample-edits';
import { itemVersions, type ItemVersion } from '../../../simulators/roche-dc/sample-versions';
import { CLOCK_CHANGES, ZoneClock } from '../../../simulators/roche-dc/sample-times';
import { resourcesOf } from '../../../simulators/roche-dc/sample-bundle';

const diary = (more: Partial<DiaryOptions> = {}): fhir.Bundle =>
  diaryBundle({ patient: 3, seed: 1, start: '2026-01-05T07:00:00Z', meals: 12, sensorReadings: 10, ...more });

/** Codes of a path in all resources of a type. */
function codes(bundle: fhir.Bundle, find: (resource: object) => unknown): Set<string> {
  const text = JSON.stringify(resourcesOf(bundle).map(find));
  return new Set([...text.matchAll(/"code":"([^"]+)"/g)].map(([, code = '']) => code));
}

function byKind(bundle: fhir.Bundle): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of itemVersions(bundle)) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

describe('diary', () => {
  it('should be the same bytes for the same seed', () => {
    expect(JSON.stringify(diary())).toBe(JSON.stringify(diary()));
    expect(JSON.stringify(diary())).not.toBe(JSON.stringify(diary({ seed: 2 })));
  });

  it('should hold all data types, of a pump or of pens', () => {
    expect(byKind(diary())).toEqual({ device: 3, glucose: 22, carbs: 12, insulin: 24 });
    expect(byKind(diary({ therapy: 'pen' }))).toEqual({ device: 2, glucose: 22, carbs: 12, insulin: 18 });
  });

  it("should use the codes of Roche's profiles", () => {
    const both = [diary(), diary({ therapy: 'pen' })];
    const code = both.flatMap((bundle) => [...codes(bundle, (one) => 'code' in one && one.code)]);
    const substance = both.flatMap((bundle) => [
      ...codes(bundle, (one) => 'medicationCodeableConcept' in one && one.medicationCodeableConcept),
    ]);
    const dosage = both.flatMap((bundle) => [...codes(bundle, (one) => 'dosage' in one && one.dosage)]);
    expect(new Set(code)).toEqual(new Set(['41653-7', '362943005', '14745-4', '99504-3', '9059-7', '9060-5']));
    expect(new Set(substance)).toEqual(new Set(['411531001', '67866001', '25305005', 'C0356369', 'insulinDose']));
    expect(new Set(dosage)).toEqual(
      new Set(['bolusStd', 'bolusExt', 'bolusMul', 'basal', '61968008', '[iU]', '[IU]/h']),
    );
  });

  it('should relate what was eaten to its measurement, and all that was measured to a device', () => {
    const resources = resourcesOf(diary());
    const references = new Set(resources.map(({ resourceType, id }) => `${resourceType ?? ''}/${id ?? ''}`));
    const text = JSON.stringify(resources);
    const related = [...text.matchAll(/"type":"has-member","target":\{"reference":"([^"]+)"/g)].map(([, to]) => to);
    const devices = [...text.matchAll(/"reference":"(Device[^"]+)"/g)].map(([, to]) => to);
    expect(related).toHaveLength(12);
    expect(devices.length).toBeGreaterThan(30);
    expect([...related, ...devices].filter((to) => !references.has(to ?? ''))).toEqual([]);
  });

  it('should write times in all three ways, and mean the same instants', () => {
    const times = (style: 'offset' | 'utc' | 'bare') => itemVersions(diary({ times: style })).map(({ at }) => at ?? '');
    const zone = new ZoneClock('Europe/Berlin');
    const instants = (['offset', 'utc', 'bare'] as const).map((style) => times(style).map((at) => zone.read(at)));
    expect(times('offset')[3]).toBe('2026-01-05T08:00:00+01:00');
    expect(times('utc')[3]).toBe('2026-01-05T07:00:00Z');
    expect(times('bare')[3]).toBe('2026-01-05T08:00:00');
    expect(instants[1]).toEqual(instants[0]);
    expect(instants[2]).toEqual(instants[0]);
    const mixed = itemVersions(diary()).map(({ at }) => at?.slice(19).replace(/[+-].*/, 'offset'));
    expect(new Set(mixed)).toEqual(new Set(['Z', 'offset', '', undefined]));
  });

  it('should have the hour twice in the night when clocks go back, and one that never was when they go forward', () => {
    const night = (change: keyof typeof CLOCK_CHANGES, more: Partial<DiaryOptions> = {}) =>
      itemVersions(
        diary({
          start: new Date(Date.parse(CLOCK_CHANGES[change]) - 3_600_000).toISOString(),
          meals: 1,
          sensorReadings: 24,
          times: 'bare',
          ...more,
        }),
      )
        .filter(({ kind }) => kind === 'glucose')
        .slice(1)
        .map(({ at }) => at ?? '');
    const autumn = night('autumn');
    expect([autumn[0], autumn[11], autumn[12], autumn[23]]).toEqual(
      ['02:00', '02:55', '02:00', '02:55'].map((time) => `2026-10-25T${time}:00`),
    );
    const canary = night('autumn', { timeZone: 'Atlantic/Canary' });
    expect([canary[0], canary[12]]).toEqual(['2026-10-25T01:00:00', '2026-10-25T01:00:00']);
    const spring = night('spring', { clocksUntouched: true });
    expect([spring[0], spring[12]]).toEqual(['2026-03-29T01:00:00', '2026-03-29T02:00:00']);
    expect(night('spring')[12]).toBe('2026-03-29T03:00:00');
  });
});

describe('clock of a zone', () => {
  it.each([
    ['2026-10-25T02:30:00', '2026-10-25T00:30:00Z', 'an hour that comes twice: the first'],
    ['2026-03-29T02:30:00', '2026-03-29T01:30:00Z', 'an hour that does not come: as if no clock had changed'],
    ['2026-10-25T03:00:00', '2026-10-25T02:00:00Z', 'after the change'],
    ['2026-10-25T01:59:59', '2026-10-24T23:59:59Z', 'before the change'],
    ['2026-10-25T02:30:00+01:00', '2026-10-25T01:30:00Z', 'an offset decides'],
    ['2026-10-25T02:30:00Z', '2026-10-25T02:30:00Z', 'UTC'],
  ])('should read %s as %s: %s', (text, instant) => {
    expect(new ZoneClock('Europe/Berlin').read(text)).toBe(Date.parse(instant));
  });

  it('should know zones west of Greenwich, and say nothing of what is no time', () => {
    const zone = new ZoneClock('America/St_Johns');
    expect(zone.write(Date.parse('2026-01-05T07:00:00Z'), 'offset')).toBe('2026-01-05T03:30:00-03:30');
    expect(zone.read('2026-01-05T03:30:00')).toBe(Date.parse('2026-01-05T07:00:00Z'));
    expect(zone.read('2026-01-05')).toBeUndefined();
  });
});

describe('edits of a diary', () => {
  const before = itemVersions(diary());
  const edited = editedDiary(diary(), 2);
  const after = itemVersions(edited);
  const earlier = new Map(before.map((version) => [version.reference, version]));
  const changed = after.filter(({ versionId }) => versionId === '2');

  it.each(Object.entries(DIARY_EDITS))('should edit and delete some of %s under the same id', (kind, counts) => {
    const own = changed.filter((version) => version.kind === kind);
    const differs = ({ reference, value, firmware }: ItemVersion): boolean => {
      const old = earlier.get(reference);
      return old !== undefined && (old.value !== value || old.firmware !== firmware);
    };
    expect(own.filter(({ deleted }) => deleted)).toHaveLength(counts.deleted);
    expect(own.filter((version) => !version.deleted && differs(version))).toHaveLength(counts.edited);
    expect(own).toHaveLength(counts.edited + counts.deleted);
  });

  it('should delete as Roche does, and leave the other devices as they were', () => {
    const statuses = resourcesOf(edited).flatMap((one) =>
      'status' in one ? [`${one.resourceType ?? ''} ${String(one.status)}`] : [],
    );
    expect(statuses.filter((text) => /cancelled|error/.test(text)).toSorted()).toEqual([
      'MedicationAdministration entered-in-error',
      'Observation cancelled',
      'Observation cancelled',
    ]);
    const same = after.filter(({ versionId }) => versionId === '1');
    expect(same.map((version) => earlier.get(version.reference))).toEqual(same);
    expect(same.map(({ kind }) => kind)).toEqual(['device', 'device']);
  });

  it('should need a diary with enough in it', () => {
    expect(() => editedDiary(diary({ meals: 1, sensorReadings: 0 }), 1)).toThrow('the diary has');
  });
});
