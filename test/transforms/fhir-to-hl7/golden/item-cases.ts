/** Golden cases of all kinds and forms, from items as the selection gives them. What each field is for stands in README.md. */
import type { Item } from '../../../../src/transforms/model/item';
import { carriedItem, code, deviceItem, EUI_64, PERSON, RDC, readingItem, reportItem, SNOMED, time } from '../items';
import type { ProfileChanges } from '../profile';

export interface ItemCase {
  readonly name: string;
  readonly profile?: ProfileChanges;
  readonly items: readonly Item[];
}

const METER = { value: '0060190000123456', system: EUI_64 };
const PUMP = { value: 'PUMP-7', system: 'urn:oid:2.999.5' };
const METER_CODE = code('41653-7', 'Glucose [Mass/volume] in Capillary blood by Glucometer');

const BREAKFAST = readingItem(
  'glucose',
  {
    codes: [METER_CODE],
    value: { number: '186', comparator: undefined },
    unit: 'mg/dL',
    start: time('2024-03-01T08:15:00+01:00'),
    device: METER,
    comments: ['before breakfast'],
    interpretation: [code('H', 'High', 'http://hl7.org/fhir/v2/0078'), code('hot', 'After sports', RDC)],
    referenceRange: '70-180',
    members: ['Observation/carbs-1', 'Observation/not-in-the-file'],
    remarks: ['Converted from 10.3 mmol/L; rounded to a whole number.'],
  },
  { reference: 'Observation/bg-1', position: 2 },
);
const CARBS = readingItem(
  'carbs',
  {
    codes: [code('9059-7', 'Carbohydrate intake Estimated'), code('carb', 'Snack', RDC)],
    value: { number: '45', comparator: undefined },
    unit: 'g',
    start: time('2024-03-01T08:20:00+01:00'),
  },
  { reference: 'Observation/carbs-1', position: 3 },
);
const WEIGHT = readingItem(
  'measurement',
  {
    codes: [code('29463-7', 'Body weight')],
    value: { number: '71.50', comparator: undefined },
    unit: 'kg',
    start: time('2024-03-01'),
  },
  { reference: 'Observation/weight-1', position: 4 },
);

const BOLUS = readingItem(
  'insulin',
  {
    codes: [code('411531001', 'Short-acting insulin', SNOMED)],
    value: { number: '4.50', comparator: undefined },
    unit: '[iU]',
    start: time('2024-03-01T08:20:00+01:00'),
    device: PUMP,
    comments: ['pizza'],
    insulin: { isRate: false, adminType: code('bolusStd', 'Standard bolus', RDC) },
  },
  { reference: 'MedicationAdministration/bolus', position: 5 },
);
const BASAL = readingItem(
  'insulin',
  {
    codes: [code('411531001', 'Short-acting insulin', SNOMED), code('insulinDose', undefined, RDC)],
    value: { number: '0.8', comparator: undefined },
    unit: '[IU]/h',
    start: time('2024-03-01T00:00:00+01:00'),
    end: time('2024-03-01T06:00:00+01:00'),
    device: PUMP,
    insulin: { isRate: true, adminType: code('basal', 'Basal rate', RDC) },
  },
  { reference: 'MedicationAdministration/basal', position: 6, status: 'C' },
);
const SYRINGE = readingItem(
  'insulin',
  {
    codes: [code('25305005', 'Long-acting insulin', SNOMED)],
    start: time('2024-03-01T22:00:00+01:00'),
    insulin: { isRate: false, adminType: code('61968008', 'Syringe, device', SNOMED) },
  },
  { reference: 'MedicationAdministration/syringe', position: 7, status: 'D' },
);
const UNTOLD = readingItem(
  'insulin',
  { codes: [code('67866001', 'Insulin', SNOMED)], insulin: { isRate: false, adminType: undefined } },
  { reference: 'MedicationAdministration/untold', position: 8, status: 'D' },
);

const METER_DEVICE = deviceItem(
  {
    id: METER,
    type: [code('337414009', 'Blood glucose meter', SNOMED)],
    manufacturer: 'Roche Diabetes Care',
    model: 'Accu-Chek Guide',
    serialNumber: '92012345678',
    udi: '(01)00365702729101',
    versions: [
      { of: 'Firmware revision', value: '2.1.0' },
      { of: 'parameters', value: '17' },
      { of: undefined, value: '1' },
    ],
    metrics: [{ type: [METER_CODE], unit: 'mg/dL', path: 'Bundle.entry[12].resource' }],
  },
  {
    reference: 'Device/meter',
    position: 10,
    raw: { resourceType: 'Device', identifier: [], manufacturer: '', model: '', udi: {}, type: {}, version: '' },
  },
);

const DOCUMENT = {
  id: { root: '2.999.7.1', extension: 'report-2' },
  set: { root: '2.999.7', extension: 'set-1' },
  type: code('11502-2', 'Laboratory report'),
  title: 'Diabetes report, February',
  time: time('2024-03-01T07:00:00+01:00'),
  confidentiality: 'N',
  authors: ['Dr. Maxi Muster', 'Report generator'],
  organization: 'Clinic | North',
};
const SET = 'ClinicalDocument/2.999.7|set-1';

const ALL = [BREAKFAST, CARBS, WEIGHT, BOLUS, BASAL, SYRINGE, UNTOLD];

export const ITEM_CASES: readonly ItemCase[] = [
  { name: 'relations', items: [BREAKFAST, CARBS, WEIGHT] },
  { name: 'relations-by-observation', profile: { grouping: 'observation' }, items: [BREAKFAST, CARBS] },
  { name: 'insulin', items: [BOLUS, BASAL, SYRINGE, UNTOLD] },
  {
    name: 'insulin-ras',
    profile: { insulin: 'ras', orderingProvider: '4711^Muster^Maxi^^^^^^HIS&2.999&ISO' },
    items: ALL,
  },
  { name: 'device', profile: { devices: 'describe' }, items: [METER_DEVICE, BREAKFAST] },
  {
    name: 'pcd-01',
    profile: { version: 'pcd-01', devices: 'describe' },
    items: [
      ...ALL,
      METER_DEVICE,
      carriedItem({ resourceType: 'Basic', id: 'b' }, { reference: 'Basic/b', position: 11 }),
    ],
  },
  {
    name: 'report',
    items: [
      reportItem(DOCUMENT, { reference: SET }),
      reportItem(
        { ...DOCUMENT, id: { root: '2.999.7.1', extension: 'report-3' }, replaces: DOCUMENT.id },
        { reference: SET, status: 'C' },
      ),
      reportItem({ ...DOCUMENT, id: { root: '2.999.7.1.3', extension: undefined } }, { reference: SET, status: 'D' }),
    ],
  },
  {
    name: 'hospital-identity',
    profile: {
      deletionStatus: 'W',
      processingId: 'T',
      orderingProvider: '4711^Must|er^Maxi',
      visit: { patientClass: 'O', location: 'DIAB^1^2', visitNumber: 'V-9^^^HIS' },
    },
    items: [
      {
        ...BREAKFAST,
        status: 'D',
        patient: { ...PERSON, emr: { value: 'MRN-9', assigningAuthority: 'HIS&2.999.1&ISO', identifierType: 'PI' } },
      },
    ],
  },
];
