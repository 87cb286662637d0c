/** Devices with their tree, as STU3 and R4 write them. */
import { DuctusError } from '../../../src/domain/errors';
import { readBundle } from '../../../src/transforms/fhir-bundle';
import type { DeviceDescription } from '../../../src/transforms/model/reading';
import { bundleBytes, glucose, PATIENT } from './bundles';
import { concept, loinc, METER, snomed, UCUM } from './clinical-resources';

type Json = Readonly<Record<string, unknown>>;

function read(...resources: readonly Json[]) {
  return readBundle(bundleBytes(resources)).resources;
}

function kinds(...resources: readonly Json[]): Record<string, string> {
  return Object.fromEntries(read(...resources).map(({ reference, mapping }) => [reference, mapping.kind]));
}

function deviceIn(...resources: readonly Json[]): DeviceDescription {
  for (const { mapping } of read(...resources)) if (mapping.kind === 'device') return mapping.device;
  throw new Error('no device');
}

describe('devices', () => {
  it('should be described with their components and metrics (STU3)', () => {
    expect(deviceIn(PATIENT, ...METER)).toEqual({
      id: { value: 'METER-1', system: 'urn:oid:2.999.5' },
      type: [{ system: 'http://snomed.info/sct', code: '337414009', display: undefined }],
      manufacturer: 'Roche',
      model: 'Guide',
      serialNumber: '9201',
      udi: '00000000000000',
      versions: [
        { of: undefined, value: '1.0' },
        { of: 'Firmware', value: '2.1.0' },
      ],
      metrics: [
        {
          type: [
            {
              system: 'http://loinc.org',
              code: '41653-7',
              display: 'Glucose [Mass/volume] in Capillary blood by Glucometer',
            },
          ],
          unit: 'mg/dL',
          path: 'Bundle.entry[3].resource',
        },
      ],
      standing: 'final',
    });
  });

  it('should be described as R4 has them', () => {
    const device = {
      resourceType: 'Device',
      id: 'r4',
      udiCarrier: [{ deviceIdentifier: '1', carrierHRF: '(01)1(21)2' }],
      status: 'inactive',
      type: snomed('69805005'),
      manufacturer: 'Roche',
      deviceName: [{ name: 'Pump', type: 'user-friendly-name' }],
      modelNumber: 'P-1',
      serialNumber: 'S-1',
      version: [{ type: concept('urn:x', 'fw'), value: '3.1' }, { value: '4' }, { type: { text: 'empty' } }],
    };
    const metric = {
      resourceType: 'DeviceMetric',
      id: 'm4',
      identifier: [{ value: 'm4' }],
      type: snomed('67866001'),
      unit: concept(UCUM, '[iU]'),
      source: { reference: 'Device/r4' },
      category: 'setting',
    };
    expect(deviceIn(metric, device)).toMatchObject({
      id: { value: 'S-1', system: undefined },
      model: 'P-1',
      serialNumber: 'S-1',
      udi: '(01)1(21)2',
      versions: [
        { of: 'fw', value: '3.1' },
        { of: undefined, value: '4' },
      ],
      metrics: [{ unit: '[iU]', path: 'Bundle.entry[0].resource' }],
      standing: 'final',
    });
    const { modelNumber, ...unnumbered } = device;
    expect(deviceIn(unnumbered).model).toBe('Pump');
    expect(modelNumber).toBe('P-1');
  });

  it('should be deleted when they were entered in error, and be nothing without a name', () => {
    expect(deviceIn({ resourceType: 'Device', id: 'd', status: 'entered-in-error' }).standing).toBe('deleted');
    expect(read({ resourceType: 'Device' })[0]?.mapping).toEqual({
      kind: 'unmapped',
      why: 'a Device with neither identifier nor id',
    });
  });

  it('should make their parts context, and leave stray parts without mapping', () => {
    const stray = { resourceType: 'DeviceMetric', id: 'stray', source: { reference: 'Device/elsewhere' } };
    const loop = { resourceType: 'DeviceComponent', id: 'loop', parent: { reference: 'DeviceComponent/loop' } };
    expect(kinds(PATIENT, ...METER, stray, loop)).toEqual({
      'Patient/p1': 'context',
      'Device/d': 'device',
      'DeviceComponent/c': 'context',
      'DeviceMetric/m': 'context',
      'DeviceMetric/stray': 'unmapped',
      'DeviceComponent/loop': 'unmapped',
    });
  });

  it('should make a part context where a reading leads to it, though it leads to no Device', () => {
    const metric = { resourceType: 'DeviceMetric', id: 'm', identifier: { value: 'M-1' }, type: loinc('41653-7') };
    const reading = glucose({ device: { reference: 'DeviceMetric/m' } });
    expect(kinds(metric, PATIENT, reading)['DeviceMetric/m']).toBe('context');
    expect(kinds(metric, PATIENT, glucose())['DeviceMetric/m']).toBe('unmapped');
    // Whom nobody knows is not sent, and neither are devices.
    expect(kinds(metric, glucose({ device: { reference: 'DeviceMetric/m' }, subject: undefined }))).toEqual({
      'DeviceMetric/m': 'unmapped',
      'Observation/bg1': 'unmapped',
    });
  });

  it('should come along with their readings: one list for all of them', () => {
    const device = { reference: 'DeviceMetric/m' };
    const resources = read(PATIENT, ...METER, glucose({ device }), glucose({ id: 'bg2', device }));
    const [first, second] = resources.slice(-2);
    expect(first?.context?.map(({ reference }) => reference)).toEqual([
      'DeviceMetric/m',
      'DeviceComponent/c',
      'Device/d',
    ]);
    expect(second?.context).toBe(first?.context);
    expect(first?.mapping).toMatchObject({ reading: { device: { value: 'METER-1', system: 'urn:oid:2.999.5' } } });
    expect(resources[1]?.context?.map(({ reference }) => reference)).toEqual(['DeviceComponent/c', 'DeviceMetric/m']);
  });

  it('should refuse elements of a wrong type', () => {
    expect(() => read({ resourceType: 'Device', id: 'd', manufacturer: ['Roche'] })).toThrow(DuctusError);
    expect(() => read({ resourceType: 'Device', id: 'd', version: 1 })).toThrow('Bundle.entry[0].resource.version');
  });
});
