/** Run by `node --test mapping.test.ts`: Node needs nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Item } from 'ductus/src/transforms/model/item.ts';
import { mapping } from './mapping.ts';

function reading(...comments: string[]): Item {
  return {
    kind: 'glucose',
    content: {
      kind: 'reading',
      reading: {
        kind: 'glucose',
        standing: 'final',
        codes: [{ system: 'http://loinc.org', code: '41653-7', display: undefined }],
        value: { number: '104', comparator: undefined },
        unit: 'mg/dL',
        start: undefined,
        end: undefined,
        comments,
        device: undefined,
        elements: {},
      },
    },
    status: 'F',
    patient: { key: 'p', identifier: { system: undefined, value: '4711' }, details: undefined, path: '' },
    reference: 'Observation/1',
    references: ['Observation/1'],
    path: 'Bundle.entry[1].resource',
    resourceType: 'Observation',
    raw: {},
  };
}

void test('a reading goes as it is, a test with control solution does not go', () => {
  const patients = reading('before breakfast');
  assert.equal(mapping.item?.(patients), patients);
  assert.equal(mapping.item?.(reading('Control solution')), undefined);
});

void test('OBX-3 has the text of the ward, and the message ends with a ZDM', () => {
  const segments = ['MSH|^~\\&|DUCTUS', 'PID|1', 'OBX|1|NM|41653-7^Glucose^LN||104', 'OBX|2|NM|9059-7^Carbs^LN||12'];
  assert.deepEqual(mapping.segments?.(segments), [
    'MSH|^~\\&|DUCTUS',
    'PID|1',
    'OBX|1|NM|41653-7^Blutzucker (Messgerät)^LN||104',
    'OBX|2|NM|9059-7^Carbs^LN||12',
    'ZDM|1|DIABETES',
  ]);
});
