/** Inputs that are nearly right: samples of what a HIS sends, with something wrong. Pure noise would not get past the header. */
import { adt } from '../support/his-client';
import type { Random } from './random';

const VENDORS: readonly string[] = [
  adt('1', { event: 'A01' }),
  adt('2', { event: 'A28', number: '4711~0815^^^OTHER^PI' }),
  adt('3', { event: 'A40' }),
  adt('4', { event: 'A31', version: '2.3', family: 'M\\S\\ller\\X41\\\\.br\\' }),
  'MSH|^~\\&|SAP-ISH|100|||20260301120000||ADT^A08|0000001|P|2.3|||AL|NE|DE|8859/1\rEVN|A08|20260301120000\r' +
    'PID|||00004711^0^M10||M\xfcller^J\xfcrgen^^^Dr.||19500229|M|||Am Wall 1&Am Wall&1^^K\xf6ln^^50667^DE||^PRN^PH^^49^221^1234||D|M\rDG1|1|I10|E11.90||20200101|A\r',
  'MSH|^~\\&|CLOVERLEAF|EPIC^1.2.840&ISO|D|R|20260301120000.1234-0500||ADT^A04^ADT_A01|Q1|P|2.5.1|||NE|AL||UNICODE UTF-8\r\nEVN||20260301\r\n' +
    'PID|1|E1^^^EPI|4711^^^MRN&1.2.3&ISO^MR~999-99-9999^^^SSA^SS||O\'Brien^Mary^"" ^^^^L~Smith^Mary^^^^^M||196107130830-0500|F||2106-3|1 St^Apt 2^Town^TX^77001^USA^H||(555)555-1234^PRN^PH^a@b.example|||M|||""\r\n' +
    'ZPD|1|x\r\nAL1|1\r\nDG1|1||E10.65^Type 1^ICD-10-CM|||F\r\n',
  'MSH$%~\\&$A$B$C$D$20260301$$ADT%A05%ADT_A05$9$P$2.4\rPID$1$$77%%%X%MR$$N%V$$2001$U\r',
  'MSH|^~\\&#|A|B|C|D|20260301||ADT^A08^ADT_A01|7|P|2.7|||||||||||||||\rPID|1||7^^^A^MR||N^V\r',
];

/** What stands at borders in messages. */
const PIECES: readonly string[] = [
  ...['|', '^', '~', '\\', '&', '\r', '\n', '\r\n', '""', '\\X', '\\F\\', '\\.br\\', '\\X0D\\', '\\C2842\\', '\\Z\\'],
  ...[
    '\x0b',
    '\x1c',
    '\x1c\r',
    '\x1c\r\x0b',
    '\0',
    '\x7f',
    '\x85',
    '\xff',
    '\xc3',
    '\xed\xa0\x80',
    '\xef\xbb\xbf',
    '\xf0\x9f\x98\x80',
  ],
  ...[
    'MSH',
    'MSH|',
    'PID|',
    'MRG|',
    'DG1|',
    'EVN|',
    '\rMSH|^~\\&|',
    'ACK',
    'ADT^A08',
    '8859/1',
    'UNICODE UTF-8',
    'KLINGON',
  ],
  ...[
    '00000000',
    '99991231235959+1400',
    '-1',
    '1e309',
    '2026-13-45',
    '20260229',
    '999999999999999999999',
    '__proto__',
    'constructor',
  ],
];

/** A message as bytes, with some things wrong; now and then a long one. */
export function message(random: Random): Buffer {
  let text = random.of(VENDORS);
  if (random.once(40)) text += `OBX|1|ST|${'x^&~\\|'.repeat(1 + random.below(20_000))}\r`;
  if (random.once(40)) text += 'DG1|1||E10^x^I10\r'.repeat(1 + random.below(3_000));
  if (random.once(40))
    text = text.replace('^', `^${random.of(['\\', '^', '~', '&', '"', 'A']).repeat(random.below(60_000))}`);
  return mutated(Buffer.from(text, random.once(4) ? 'utf8' : 'latin1'), random);
}

/** Changes bytes: none, a few, or many. */
export function mutated(bytes: Buffer, random: Random): Buffer {
  let result = bytes;
  for (let changes = random.below(6); changes > 0; changes -= 1) result = changed(result, random);
  return result;
}

function changed(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const length = random.once(10) ? random.below(bytes.length + 1) : random.below(8);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + length)];
  switch (random.below(6)) {
    case 0:
      return Buffer.concat([before, after]);
    case 1:
      return Buffer.concat([before, Buffer.from(random.of(PIECES), 'latin1'), bytes.subarray(at)]);
    case 2:
      return Buffer.concat([before, Buffer.from(random.of(PIECES), 'latin1'), after]);
    case 3:
      return Buffer.concat([before, Buffer.of(random.below(256)), bytes.subarray(Math.min(at + 1, bytes.length))]);
    case 4:
      return Buffer.concat([before, bytes.subarray(random.below(bytes.length + 1)), after]).subarray(0, 400_000);
    default:
      return before;
  }
}

/** Bytes of a connection: frames, cut and broken ones, and what stands between. */
export function stream(random: Random): Buffer {
  const parts: Buffer[] = [];
  for (let count = 1 + random.below(6); count > 0; count -= 1) {
    const body = random.once(3) ? mutated(Buffer.from(random.of(PIECES), 'latin1'), random) : message(random);
    parts.push(Buffer.from(random.of(['\x0b', '\x0b', '\x0b', '', 'x', '\r\n\x0b']), 'latin1'), body);
    parts.push(Buffer.from(random.of(['\x1c\r', '\x1c\r', '\x1c\r', '\x1c', '\x1c\r\n', '\r', '', '\x1cx']), 'latin1'));
  }
  return Buffer.concat(parts);
}

/** The same bytes as they may come from a socket. */
export function cut(bytes: Buffer, random: Random): Buffer[] {
  const chunks: Buffer[] = [];
  const most = random.of([1, 7, 100, 1_500, 65_536]);
  // Byte by byte only what is short: a long one would take the time of many others.
  const least = Math.ceil(bytes.length / 2_000);
  for (let at = 0; at < bytes.length;) {
    const end = at + Math.max(least, 1 + random.below(most));
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

const RESOURCES: readonly unknown[] = [
  {
    resourceType: 'Patient',
    id: '4711',
    meta: { lastUpdated: '2026-03-01T12:00:00.000+01:00' },
    identifier: [{ type: { coding: [{ code: 'MR' }] }, system: 'urn:oid:1.2.3', value: '4711' }],
    name: [{ use: 'official', family: 'Müller', given: ['Anna', 'Maria'] }, { text: 'x' }],
    telecom: [{ system: 'phone', value: '+49 221 1', use: 'home' }],
    gender: 'female',
    birthDate: '1961-07-13',
    address: [{ line: ['Am Wall 1'], city: 'Köln', postalCode: '50667', country: 'DE' }],
    maritalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'M' }] },
  },
  {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      {
        fullUrl: 'urn:uuid:1',
        resource: { resourceType: 'Patient', identifier: [{ value: '1' }], name: [{ family: 'A' }] },
      },
      {
        resource: {
          resourceType: 'Condition',
          subject: { reference: 'urn:uuid:1' },
          code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10', code: 'E10.9' }] },
        },
      },
    ],
  },
];

const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    0,
    -1,
    1e308,
    '',
    ' ',
    '\u0000',
    '\ud800',
    'x'.repeat(5_000),
    '2026-02-30',
    '__proto__',
    [],
    {},
    [[]],
    [null],
  ],
  ...[{ resourceType: 'Patient' }, { coding: [{}] }, Array.from({ length: 2_000 }, () => ({ value: 'x' }))],
];

/** A resource with some things wrong. */
export function resource(random: Random): unknown {
  let value: unknown = structuredClone(random.of(RESOURCES));
  for (let changes = random.below(4); changes > 0; changes -= 1) value = replaced(value, random, 0);
  return value;
}

function replaced(value: unknown, random: Random, depth: number): unknown {
  if (depth > 0 && random.once(4)) return random.of(VALUES);
  if (Array.isArray(value)) {
    if (value.length === 0) return value;
    const at = random.below(value.length);
    return value.map((each: unknown, place) => (place === at ? replaced(each, random, depth + 1) : each));
  }
  if (typeof value !== 'object' || value === null) return random.of(VALUES);
  const entries = Object.entries(value);
  if (entries.length === 0) return value;
  const at = random.below(entries.length);
  return Object.fromEntries(
    entries.flatMap(([key, each], place): [string, unknown][] => {
      if (place !== at) return [[key, each]];
      if (random.once(6)) return [];
      return [[random.once(12) ? '__proto__x' : key, replaced(each, random, depth + 1)]];
    }),
  );
}
