/**
 * What IHE PCD-01 (HL7 v2.6) has otherwise: MDC codes, the containment tree MDS.VMD.CHANNEL.METRIC in OBX-4, the device as
 * an OBX of its own. The device stays in OBX-18: PRT is a segment of HL7 v2.7, and parsers of v2.6 refuse it.
 */
import type { DeviceDescription, DeviceId } from '../model/reading';
import { mdcFirst, type V2Code } from './codes';
import { ce, ceOf, ei } from './fields';
import { OBX_1, OBX_11, OBX_14, OBX_21, OBX_4, OBX_VALUE } from './obx';
import { pathOf, from, type ReadingContext, type ReadingEntry } from './scope';
import { SegmentTable } from './segment-table';

/** Root of EUI-64 system ids in FHIR (Personal Health Device guide). */
const EUI_64 = 'urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680';

/** OBX-18 of PCD-01: an EUI-64 says so in the type, as the examples of the profile do; other numbers as in v2.5.1. */
export function equipment({ value, system }: DeviceId): string {
  const plain = value.replaceAll('-', '').toUpperCase();
  if (system === EUI_64 && /^[0-9A-F]{16}$/.test(plain)) return `${plain}^^${plain}^EUI-64`;
  return ei(value, '', system);
}

export const PCD_OBX = new SegmentTable<ReadingContext>([
  OBX_1,
  OBX_VALUE.type,
  {
    id: 'pcd-obx-3',
    target: 'OBX-3',
    source: 'code (insulin: medicationCodeableConcept)',
    why: 'the MDC code first where one says the same, then the sender’s main code; further codes stand in a note',
    from: from('codes'),
    write: ({ reading }) => ceOf(mdcFirst(reading.codes), reading.codeText),
  },
  {
    ...OBX_4,
    id: 'pcd-obx-4',
    source: 'device, 0, 0 and position of the reading under it; a fourth dot for what belongs to it',
    why: 'MDS.VMD.CHANNEL.METRIC[.FACET]: personal devices have neither VMD nor channel; MDS 0 is the gateway, for what a person typed in',
  },
  OBX_VALUE.value,
  OBX_VALUE.unit,
  OBX_VALUE.range,
  OBX_VALUE.flags,
  OBX_11,
  OBX_14,
  {
    id: 'pcd-obx-17',
    target: 'OBX-17',
    source: 'constant, when a device measured',
    why: 'measured by itself; for what was typed in, and for insulin, nobody said how',
    from: from('device'),
    write: ({ reading: { device, kind } }) =>
      device === undefined || (kind !== 'glucose' && kind !== 'measurement') ? '' : 'AMEAS^auto-measurement^MDC',
  },
  {
    id: 'pcd-obx-18',
    target: 'OBX-18',
    source: 'the Device behind device → DeviceMetric → DeviceComponent: its identifier',
    why: 'an EUI-64 with that type, else as in v2.5.1; not PRT-10: PRT is a segment of v2.7, and HAPI’s v2.6 refuses it',
    from: from('device'),
    write: ({ reading: { device } }) => (device === undefined ? '' : equipment(device)),
  },
  OBX_21,
]);

/** The device of readings, before them. */
export interface MdsContext {
  readonly setId: number;
  readonly device: DeviceId;
  /** Number of the device in this group. */
  readonly mds: number;
  readonly code: V2Code;
  readonly from: readonly string[];
}

export const PCD_OBX_MDS = new SegmentTable<MdsContext>([
  OBX_1,
  {
    id: 'mds-obx-3',
    target: 'OBX-3',
    source: 'what the device has measured, or says that it measures',
    why: 'the IEEE 11073 specialization: glucose meter, continuous monitor, insulin pump, else the general one',
    write: ({ code }) => ce(code),
  },
  {
    id: 'mds-obx-4',
    target: 'OBX-4',
    source: 'counted under each OBR',
    why: 'the root of the containment tree',
    write: ({ mds }) => `${mds}.0.0.0`,
  },
  {
    id: 'mds-obx-11',
    target: 'OBX-11',
    source: 'constant',
    why: 'X: an OBX that names a device has no result (IHE PCD TF-2)',
    write: () => 'X',
  },
  {
    id: 'mds-obx-18',
    target: 'OBX-18',
    source: 'identifier of the Device',
    why: 'as in the OBX of its readings',
    from: ({ from }) => from,
    write: ({ device }) => equipment(device),
  },
]);

/** IEEE 11073 device specializations (partition 8): PHD guide, “MDC Device Types”. */
const SPECIALIZATION = {
  meter: { code: '528401', text: 'MDC_DEV_SPEC_PROFILE_GLUCOSE', system: 'MDC' },
  pump: { code: '528403', text: 'MDC_DEV_SPEC_PROFILE_INSULIN_PUMP', system: 'MDC' },
  sensor: { code: '528409', text: 'MDC_DEV_SPEC_PROFILE_CGM', system: 'MDC' },
  general: { code: '528384', text: 'MDC_DEV_SPEC_PROFILE_HYDRA', system: 'MDC' },
} as const satisfies Readonly<Record<string, V2Code>>;

/** Doses that only a pump gives. */
const PUMP: ReadonlySet<string> = new Set(['bolusExt', 'bolusMul', 'basal']);
/** Capillary whole blood and capillary plasma: what a meter measures. Other glucose may be of a sensor or a laboratory. */
const METER_GLUCOSE: ReadonlySet<string> = new Set(['160184', '160188']);
const SENSOR_GLUCOSE = '160212';

/** What a described device is, by what it measures. */
export function deviceSpecialization({ metrics }: DeviceDescription): V2Code {
  const [code, ...others] = new Set(metrics.map(({ type }) => mdcFirst(type)[0]?.code));
  return (others.length === 0 ? byGlucose(code) : undefined) ?? SPECIALIZATION.general;
}

/** Undefined for a code that says neither meter nor sensor, as LOINC's body fluid. */
function byGlucose(code: string | undefined): V2Code | undefined {
  if (code === undefined) return undefined;
  if (code === SENSOR_GLUCOSE) return SPECIALIZATION.sensor;
  return METER_GLUCOSE.has(code) ? SPECIALIZATION.meter : undefined;
}

/** What a reading says about its device; undefined when it says nothing. */
function specialization({ reading: { kind, codes, insulin } }: ReadingEntry): V2Code | undefined {
  if (kind === 'glucose') return byGlucose(mdcFirst(codes)[0]?.code);
  return PUMP.has(insulin?.adminType?.code ?? '') ? SPECIALIZATION.pump : undefined;
}

/** The devices of a group and the number of each reading below its device. */
export interface Containment {
  readonly devices: readonly Omit<MdsContext, 'setId'>[];
  /** OBX-4 by position of the reading. */
  readonly roots: readonly string[];
}

interface KnownDevice {
  readonly mds: number;
  readonly device: DeviceId;
  readonly from: readonly string[];
  code: V2Code | undefined;
}

export function containment(entries: readonly ReadingEntry[]): Containment {
  const known = new Map<string, KnownDevice>();
  const counts: number[] = [];
  const roots = entries.map((entry) => {
    const { device } = entry.reading;
    const mds = device === undefined ? 0 : numberOf(device, entry, known);
    const count = (counts[mds] ?? 0) + 1;
    counts[mds] = count;
    return `${mds}.0.0.${count}`;
  });
  const devices = [...known.values()].map((each) => ({ ...each, code: each.code ?? SPECIALIZATION.general }));
  return { devices, roots };
}

function numberOf(device: DeviceId, entry: ReadingEntry, known: Map<string, KnownDevice>): number {
  const key = `${device.system}|${device.value}`;
  const code = specialization(entry);
  const found = known.get(key);
  if (found === undefined) {
    const mds = known.size + 1;
    known.set(key, { device, mds, code, from: pathOf(entry.item, entry.reading, 'device') });
    return mds;
  }
  // A device that does more than one thing is a general one.
  if (found.code === undefined) found.code = code;
  else if (code !== undefined && code !== found.code) found.code = SPECIALIZATION.general;
  return found.mds;
}
