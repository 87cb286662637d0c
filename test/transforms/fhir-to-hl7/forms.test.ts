/** Which items go into which form of message, and what a site may change of it. */
import { DuctusError } from '../../../src/domain/errors';
import { itemsToHl7 } from '../../../src/transforms/fhir-to-hl7';
import { HL7_FORMS } from '../../../src/transforms/fhir-to-hl7/tables';
import type { Item } from '../../../src/transforms/model/item';
import type { WriteContext } from '../../../src/transforms/model/message';
import type { SiteMapping } from '../../../src/transforms/model/site-mapping';
import type { TracedField } from '../../../src/transforms/model/trace';
import { carriedItem, code, deviceItem, PERSON, RDC, readingItem, reportItem, SNOMED, time } from './items';
import { testContext, testProfile, type ProfileChanges } from './profile';
import { component, only, segments } from './read-message';

const GLUCOSE = readingItem(
  'glucose',
  {
    codes: [code('41653-7')],
    value: { number: '104', comparator: undefined },
    unit: 'mg/dL',
    start: time('2024-03-01T08:15:00+01:00'),
    members: ['Observation/carbs'],
    comments: ['first', 'second'],
  },
  { reference: 'Observation/bg' },
);
const CARBS = readingItem(
  'carbs',
  { codes: [code('9059-7')], value: { number: '45', comparator: undefined }, unit: 'g', start: time('2024-03-01') },
  { reference: 'Observation/carbs', position: 3 },
);
const DOSE = readingItem(
  'insulin',
  {
    codes: [code('411531001', undefined, SNOMED)],
    value: { number: '4', comparator: undefined },
    unit: '[iU]',
    start: time('2024-03-01T08:20:00+01:00'),
    insulin: { isRate: false, adminType: code('bolusStd', undefined, RDC) },
  },
  { reference: 'MedicationAdministration/dose', position: 4 },
);
const METER = deviceItem({ id: { value: 'SN-1', system: undefined } }, { reference: 'Device/meter', position: 5 });
const REPORT = reportItem(
  { id: { root: '2.999.7', extension: '1' }, type: code('11502-2') },
  { reference: 'ClinicalDocument/2.999.7|1' },
);
const CARRIED = carriedItem({ resourceType: 'Basic' }, { reference: 'Basic/b', position: 6 });
const ALL = [GLUCOSE, CARBS, DOSE, METER, REPORT, CARRIED];

function write(items: readonly Item[], profile: ProfileChanges = {}, context: Partial<WriteContext> = {}) {
  return itemsToHl7(items, testProfile(profile).hl7, 'Europe/Berlin', testContext(context));
}

function textOf(items: readonly Item[], profile?: ProfileChanges): string {
  return write(items, profile)[0]?.text ?? '';
}

describe('itemsToHl7', () => {
  it.each<[ProfileChanges, readonly (readonly [string, string, Record<string, number>])[]]>([
    [
      {},
      [
        ['ORU', '2.5.1', { glucose: 1, carbs: 1, insulin: 1, carried: 1 }],
        ['MDM', '2.5.1', { report: 1 }],
      ],
    ],
    [
      { devices: 'describe', insulin: 'ras', version: 'pcd-01' },
      [
        ['ORU', '2.6', { glucose: 1, carbs: 1, device: 1, carried: 1 }],
        ['RAS', '2.5.1', { insulin: 1 }],
        ['MDM', '2.5.1', { report: 1 }],
      ],
    ],
  ])('should choose the forms by the profile: %p', (profile, expected) => {
    const messages = write(ALL, profile);
    expect(
      messages.map(({ text, kinds }) => {
        const msh = only(text, 'MSH');
        return [component(msh, 9), component(msh, 12), kinds];
      }),
    ).toEqual(expected);
  });

  it('should not name a device that is only referenced', () => {
    const references = write(ALL).flatMap((message) => message.references);
    expect(references).not.toContain('Device/meter');
    expect(references.length).toBe(ALL.length - 1);
    expect(write([METER])).toEqual([]);
  });

  it('should keep a dose with a comparator out of RAS^O17, where it would be a plain number', () => {
    if (DOSE.content.kind !== 'reading') throw new Error('no reading');
    const reading = { ...DOSE.content.reading, value: { number: '4', comparator: '<' } };
    const [message, ...others] = write([{ ...DOSE, content: { kind: 'reading', reading } }], { insulin: 'ras' });
    expect(others).toEqual([]);
    const [obx] = segments(message?.text ?? '', 'OBX');
    expect(obx?.toString()).toContain('|SN|');
  });

  it('should split administrations by number', () => {
    const doses = ['a', 'b', 'c'].map((id) => ({ ...DOSE, reference: id, references: [id] }));
    const messages = write(doses, { insulin: 'ras', maxObservationsPerMessage: 2 });
    expect(messages.map(({ references }) => references)).toEqual([['a', 'b'], ['c']]);
    expect(messages.map(({ text }) => segments(text, 'ORC').length)).toEqual([2, 1]);
  });

  it('should number what belongs to a reading below it, whatever comes first', () => {
    const subIds = (items: readonly Item[]) => segments(textOf(items), 'OBX').map((obx) => component(obx, 4));
    expect(subIds([GLUCOSE, CARBS, DOSE])).toEqual(['1', '1.1', '3', '3.1']);
    expect(subIds([CARBS, GLUCOSE])).toEqual(['2.1', '2']);
    // In another message it stands alone.
    expect(textOf([CARBS], { maxObservationsPerMessage: 1 })).not.toContain('|1.1|');
  });

  it('should not follow readings that belong to each other in a circle, or to themselves', () => {
    if (CARBS.content.kind !== 'reading') throw new Error('no reading');
    const members = ['Observation/bg', 'Observation/carbs'];
    const circle: Item = { ...CARBS, content: { kind: 'reading', reading: { ...CARBS.content.reading, members } } };
    const numbers = segments(textOf([GLUCOSE, circle]), 'OBX').map((obx) => component(obx, 4));
    expect(numbers).toEqual(['1', '2']);
  });

  it.each([
    ['F', 'MDM^T02^MDM_T02', 'AV', 1],
    ['C', 'MDM^T10^MDM_T02', 'AV', 1],
    ['D', 'MDM^T11^MDM_T01', 'CA', 0],
  ] as const)('should send a report with status %s as %s', (status, type, availability, documents) => {
    const text = textOf([{ ...REPORT, status }]);
    expect(text.split('|')[8]).toBe(type);
    expect(component(only(text, 'TXA'), 19)).toBe(availability);
    expect(segments(text, 'OBX').length).toBe(documents);
    expect(component(only(text, 'PV1'), 2)).toBe('N');
  });

  it('should put PV1 into every message when a visit is configured', () => {
    const visit = { patientClass: 'O', location: 'DIAB^1&A^2', visitNumber: 'V|1' };
    for (const { text } of write([GLUCOSE, DOSE, REPORT], { visit, insulin: 'ras' })) {
      expect(only(text, 'PV1').toString()).toBe('PV1|1|O|DIAB^1&A^2||||||||||||||||V\\F\\1');
    }
  });

  it('should take the number of the hospital with its authority and type, or those of the destination', () => {
    const withNumber = (assigningAuthority: string, identifierType: string) =>
      textOf([{ ...GLUCOSE, patient: { ...PERSON, emr: { value: 'MRN-9', assigningAuthority, identifierType } } }], {
        patientAssigningAuthority: 'OWN&2.999&ISO',
      }).split('\r')[1];
    expect(withNumber('HIS&2.999.1&ISO', 'PI')).toContain('PID|1||MRN-9^^^HIS&2.999.1&ISO^PI|');
    expect(withNumber('', '')).toContain('PID|1||MRN-9^^^OWN&2.999&ISO^MR|');
  });
});

describe('lineage', () => {
  function trace(items: readonly Item[], context: Partial<WriteContext> = {}): Map<string, TracedField> {
    const fields = new Map<string, TracedField>();
    write(items, {}, { ...context, traceOf: () => ({ add: (field) => void fields.set(field.target, field) }) });
    return fields;
  }

  it('should name place, element and rule of each field', () => {
    const fields = trace([GLUCOSE, CARBS]);
    expect(fields.get('OBX[2]-5')).toEqual({
      target: 'OBX[2]-5',
      text: '45',
      rule: 'obx-5',
      from: ['Bundle.entry[3].resource.valueQuantity.value'],
    });
    expect(fields.get('PID-5')?.from).toEqual(['Bundle.entry[1].resource.name']);
    expect(fields.get('NTE[2]-3')).toMatchObject({ text: 'second', from: ['Bundle.entry[2].resource.comment'] });
    expect(fields.get('MSH-10')).toMatchObject({ rule: 'msh-10', from: [] });
    expect(fields.get('OBR-7')?.from).toEqual(['Bundle.entry[3].resource']);
  });

  it('should give each message its own, by its position', () => {
    const positions: number[] = [];
    const traceOf = (position: number) => {
      positions.push(position);
      return { add: () => undefined };
    };
    const messages = write([GLUCOSE, CARBS, REPORT], { maxObservationsPerMessage: 1 }, { traceOf });
    expect(positions).toEqual(messages.map((_, position) => position));
  });

  it('should say which segments the site changed or added, and keep the places of the others right', () => {
    const site: SiteMapping = {
      segments: ([msh = '', pid = '', ...rest]) => [msh, pid, 'ZDC|1', 'OBX|0|ST|X||x||||||F', ...rest],
    };
    const fields = trace([GLUCOSE], { site });
    expect(fields.get('ZDC')).toEqual({ target: 'ZDC', text: 'ZDC|1', rule: 'site', from: [] });
    expect(fields.get('OBX')).toMatchObject({ rule: 'site' });
    expect(fields.get('OBX[2]-5')).toMatchObject({ text: '104', rule: 'obx-5' });
  });
});

describe('the site’s own changes', () => {
  it('should be made before MSH-10, so that the id stands for what is sent', () => {
    const seen: string[][] = [];
    const site: SiteMapping = {
      segments: (own) => {
        seen.push([...own]);
        return own.map((text) => (text.startsWith('PID|') ? `${text}|||X` : text));
      },
    };
    const [plain] = write([GLUCOSE]);
    const [changed] = write([GLUCOSE], {}, { site });
    expect(seen[0]?.map((text) => text.slice(0, 3))).toEqual(['MSH', 'PID', 'OBR', 'OBX', 'NTE', 'NTE', 'NTE']);
    expect(seen[0]?.[0]).toContain('|ORU^R01^ORU_R01||P|');
    expect(changed?.text).toContain('|19800229|F|||X\r');
    expect(changed?.controlId).not.toBe(plain?.controlId);
    expect(component(only(changed?.text ?? '', 'MSH'), 10)).toBe(changed?.controlId);
    const [untouched] = write([GLUCOSE], {}, { site: { segments: (own) => own } });
    expect(untouched).toEqual(plain);
  });

  const nonsense: readonly (readonly [string, (own: readonly string[]) => unknown])[] = [
    [
      'a throw',
      () => {
        throw new Error('Muster');
      },
    ],
    ['no list', () => 'MSH|'],
    ['no text', () => ['MSH|^~\\&|A', 7]],
    ['no MSH', ([, ...rest]) => rest],
    ['other delimiters', ([msh = '', ...rest]) => [msh.replace('^~\\&', '^~\\#'), ...rest]],
    ['nothing after MSH', ([msh]) => [msh]],
    ['a second MSH', (own) => [...own, own[0]]],
    ['a segment without a name', (own) => [...own, 'obx|1']],
    ['a CR', (own) => [...own, 'ZDC|1\rZDC|2']],
    ['a byte that ends an MLLP frame', (own) => [...own, 'ZDC|\u001c']],
    ['an own MSH-10', ([msh = '', ...rest]) => [msh.replace('ORU_R01||', 'ORU_R01|MINE|'), ...rest]],
    ['a short MSH', ([, ...rest]) => ['MSH|^~\\&|A', ...rest]],
    ['another character set', ([msh = '', ...rest]) => [msh.replace('UNICODE UTF-8', '8859/1'), ...rest]],
  ];

  it.each(nonsense)('should be refused without a word of the message: %s', (_, change) => {
    const site: unknown = { segments: change };
    if (!isMapping(site)) throw new Error('no module');
    let error: unknown;
    try {
      write([CARBS, GLUCOSE], { maxObservationsPerMessage: 1 }, { site });
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof DuctusError)) throw new Error('it went through');
    expect([error.code, error.details]).toEqual(['DUCTUS_SITE_MAPPING_FAILED', { message: 1 }]);
    expect(error.message).toContain('message 1');
    expect(JSON.stringify([error.message, error.cause])).not.toMatch(/Muster|4711/);
  });
});

/** A module may be JavaScript: the compiler does not know what its functions give. */
function isMapping(module: unknown): module is SiteMapping {
  return typeof module === 'object' && module !== null && 'segments' in module;
}

describe('the tables of rules', () => {
  const tables = HL7_FORMS.flatMap((form) => form.segments.map(({ table }) => table));

  it('should name each rule once, and the fields of their segment in rising order', () => {
    const byId = new Map<string, unknown>();
    for (const { name, rules } of tables) {
      for (const rule of rules) {
        expect(rule.target).toMatch(new RegExp(`^${name}-\\d+$`));
        expect([undefined, rule]).toContain(byId.get(rule.id));
        byId.set(rule.id, rule);
      }
      const fields = rules.map(({ target }) => Number(target.slice(4)));
      expect(fields).toEqual([...new Set(fields)].toSorted((a, b) => a - b));
    }
  });

  it('should say for each field what it is made of and why', () => {
    for (const { rules } of tables) {
      for (const { source, why } of rules) expect([source.length, why.length].every((length) => length > 3)).toBe(true);
    }
  });
});
