/** What the EMR reads out of each kind of message, and what it asks of them. */
import { createHash } from 'node:crypto';
import { EmrSimulator } from '../../../simulators/emr/emr-simulator';
import { readEntries } from '../../../simulators/emr/entries';
import { contentsOf } from '../../../simulators/emr/frames';
import { readHl7 } from '../../../simulators/emr/hl7-reading';
import { MllpClient } from './mllp-client';

const header = (type: string, controlId: string): string =>
  `MSH|^~\\&|DUCTUS|ROCHE|EMR|HOSPITAL|20260105080000+0100||${type}|${controlId}|T|2.5.1||||||UNICODE UTF-8`;
const PID = 'PID|1||SYN-000001^^^TEST^MR||Synthetic-000001^Test';
const XML = Buffer.from('<ClinicalDocument/>');
const DOCUMENT_SHA256 = createHash('sha256').update(XML).digest('hex');

const message = (...segments: readonly string[]): string => segments.map((segment) => `${segment}\r`).join('');

const ORU = message(
  header('ORU^R01^ORU_R01', 'O1'),
  PID,
  'OBR|1||r^DUCTUS|55399-0^Diabetes tracking panel^LN|||20261025023000+0200',
  'OBX|1|NM|41653-7^Glucose^LN|1|120|mg/dL^mg/dL^UCUM|||||F|||20261025023000+0200||||METER||| g1^DUCTUS',
  'OBX|2|NM|9059-7^Carbohydrates^LN|1.1|40|g^g^UCUM|||||C|||20261025023000+0100|||||||c1^DUCTUS',
  'OBX|3|NM|411531001^Short-acting insulin^SCT|3|2.5|[iU]^[iU]^UCUM|||||D|||20261025003000+0000|||||||MedicationAdministration/i1^DUCTUS',
  'OBX|4|CE|INS-DELIVERY^How^99DUC|3.1|bolusStd^^99RDC||||||D||||||||||MedicationAdministration/i1#admin-type^DUCTUS',
  'OBX|5|ST|531970^MANUFACTURER^MDC|4|Simulated||||||F||||||||||Device/m1#manufacturer^DUCTUS',
  'OBX|6|ST|531976^FW^MDC|5|1.1||||||F||||||||||Device/m1#version-1^DUCTUS',
  'OBX|7|ED|Basic^FHIR Basic^99FHR|6|^AP^x-fhir+json^Base64^e30=||||||F||||||||||Basic/b1^DUCTUS',
).replace('||| g1', '|||g1');

const RAS = message(
  header('RAS^O17^RAS_O17', 'R1'),
  PID,
  'ORC|RE||MedicationAdministration/i2^DUCTUS',
  'RXA|0|1|20260105080000+0100|20260105100000+0100|25305005^Long-acting insulin^SCT|12|[iU]^[iU]^UCUM|||||||||||||CP|A',
  'RXR|OTH^Other/Miscellaneous^HL70162^^Route not stated by the sender',
  'OBX|1|CE|INS-DELIVERY^How^99DUC||bolusExt^^99RDC||||||F||||||||||MedicationAdministration/i2#admin-type^DUCTUS',
  'ORC|RE||MedicationAdministration/i3^DUCTUS',
  'RXA|0|1|20260105080000+0100|20260105080000+0100|67866001^Insulin^SCT|0.85|[IU]/h^[IU]/h^UCUM|||||H1||||||||CP|U',
  'RXR|OTH',
  'ORC|RE||MedicationAdministration/i4^DUCTUS',
  'RXA|0|1|""|""|67866001^Insulin^SCT|""|||||||||||||||D',
  'RXR|OTH',
);

const mdm = (event: 'T02' | 'T10' | 'T11', controlId: string): string =>
  message(
    header(`MDM^${event}^${event === 'T11' ? 'MDM_T01' : 'MDM_T02'}`, controlId),
    `EVN|${event}|20260105080000+0000`,
    PID,
    'PV1|1|O',
    'TXA|1|34133-9|TEXT|20260112081500+0100||||||||doc-1^^2.999^ISO|||||DO||AV',
    ...(event === 'T11' ? [] : [`OBX|1|ED|34133-9^Summary^LN||^TEXT^XML^Base64^${XML.toString('base64')}||||||F`]),
  );

describe('entries of a message', () => {
  const entries = (text: string) => {
    const reading = readHl7(Buffer.from(text));
    return reading === undefined ? [] : readEntries(reading);
  };
  const at = Date.parse;

  it('should be the items of an ORU^R01, one for all OBX of an item', () => {
    const own = { sha256: undefined };
    expect(entries(ORU)).toEqual([
      { ...own, kind: 'glucose', item: 'Observation/g1', action: 'new', value: 120, unit: 'mg/dL', instantMs: at('2026-10-25T00:30Z'), texts: ['120'] },
      { ...own, kind: 'carbs', item: 'Observation/c1', action: 'corrected', value: 40, unit: 'g', instantMs: at('2026-10-25T01:30Z'), texts: ['40'] },
      { ...own, kind: 'insulin', item: 'MedicationAdministration/i1', action: 'deleted', value: 2.5, unit: '[iU]', instantMs: at('2026-10-25T00:30Z'), texts: ['2.5', 'bolusStd'] },
      { ...own, kind: 'device', item: 'Device/m1', action: 'new', value: undefined, unit: '', instantMs: undefined, texts: ['Simulated', '1.1'] },
      { ...own, kind: 'other', item: 'Basic/b1', action: 'new', value: undefined, unit: '', instantMs: undefined, texts: [''] },
    ]); // prettier-ignore
  });

  it('should be the administrations of a RAS^O17', () => {
    expect(entries(RAS)).toMatchObject([
      { kind: 'insulin', item: 'MedicationAdministration/i2', action: 'new', value: 12, unit: '[iU]', instantMs: at('2026-01-05T07:00Z') },
      { kind: 'insulin', item: 'MedicationAdministration/i3', action: 'corrected', value: 0.85, unit: '[IU]/h' },
      { kind: 'insulin', item: 'MedicationAdministration/i4', action: 'deleted', value: undefined },
    ]); // prettier-ignore
  });

  it.each([['T02', 'new', DOCUMENT_SHA256], ['T10', 'corrected', DOCUMENT_SHA256], ['T11', 'deleted', undefined]] as const)(
    'should be the document of an MDM^%s', (event, action, sha256) => {
    expect(entries(mdm(event, 'D1'))).toMatchObject([{ kind: 'report', item: 'doc-1', action, sha256 }]);
  }); // prettier-ignore

  it('should be none of another message', () => {
    expect(entries(message(header('ADT^A01', 'A1'), PID))).toEqual([]);
  });
});

describe('the EMR simulator', () => {
  it('should take each kind of message and count what is in it, a repeat once', async () => {
    await using emr = new EmrSimulator({ seed: 1 });
    await emr.start();
    await using client = await MllpClient.open(emr.port);
    const all = [ORU, RAS, mdm('T02', 'D1'), mdm('T10', 'D2'), mdm('T11', 'D3'), ORU];
    for (const [index, text] of all.entries()) {
      client.send(text);
      expect(await client.answer(index + 1)).toMatch(/\rMSA\|AA\|/);
    }
    expect(contentsOf(await emr.frames())).toEqual({
      byKind: { glucose: 1, carbs: 1, insulin: 4, device: 1, other: 1, report: 3 },
      corrections: 3,
      deletions: 3,
    });
  });

  it.each([
    ['an RXA without an amount', RAS.replace('SCT|12|', 'SCT||'), 'RXA^1^6', '101'],
    ['an administration at no time', RAS.replace('|20260105080000+0100|2026010510', '||2026010510'), 'RXA^1^3', '101'],
    ['an unknown completion status', RAS.replace('|CP|A', '|XX|A'), 'RXA^1^20', '103'],
    ['an unknown action', RAS.replace('|CP|U', '|CP|Z'), 'RXA^2^21', '103'],
    ['an RXA without RXR', RAS.replace(/RXR[^\r]*\r/g, ''), 'RXR^1', '100'],
    ['a document without a number', mdm('T02', 'D1').replace('doc-1^^2.999^ISO', ''), 'TXA^1^12', '101'],
    ['an unknown status of a document', mdm('T02', 'D1').replace('|DO|', '|XX|'), 'TXA^1^17', '103'],
    ['a document without its content', mdm('T02', 'D1').replace(/OBX[^\r]*\r/, ''), 'OBX^1', '100'],
    [
      'a cancelled document with content',
      mdm('T02', 'D1').replace('MDM^T02^MDM_T02', 'MDM^T11^MDM_T01'),
      'OBX^1',
      '100',
    ],
    ['another structure', mdm('T10', 'D1').replace('MDM_T02', 'MDM_T10'), 'MSH^1^9', '103'],
    ['no visit', mdm('T02', 'D1').replace('PV1|1|O', 'PV1|1|'), 'PV1^1^2', '101'],
  ])('should refuse %s', async (_name, text, location, code) => {
    await using emr = new EmrSimulator({ seed: 1 });
    await emr.start();
    await using client = await MllpClient.open(emr.port);
    client.send(text);
    expect(await client.answer()).toContain(`\rERR||${location}|${code}^^HL70357|E||||`);
    expect(emr.stats()).toMatchObject({ invalid: 1, accepted: 0 });
  });
});
