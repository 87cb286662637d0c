/**
 * Random files with all four types, in STU3 and R4, and what was put into them for comparison with what comes out.
 * {@link anyClinicalBundle} is right in all that is read; {@link anyFile} has elements missing, doubled and of wrong types.
 */
import fc from 'fast-check';
import { anyNumber, anyPatient, anyText, anyTime } from './arbitraries';
import { bundleBytes, PATIENT, raw } from './bundles';
import { adminType, concept, loinc, ROCHE, ROCHE_CODES, snomed, UCUM } from './clinical-resources';

type Json = Readonly<Record<string, unknown>>;
type Version = 'stu3' | 'r4';

/** One resource with a value, as it was put in. */
export interface ClinicalEntry {
  readonly kind: 'glucose' | 'carbs' | 'insulin' | 'measurement';
  readonly version: Version;
  readonly id: string;
  /** JSON number, at most 30 digits and no exponent that HL7 could not hold. */
  readonly number: string;
  readonly comparator: string | undefined;
  /** UCUM, as the reading shall have it. */
  readonly unit: string;
  /** As it was written: label or code. */
  readonly unitSent: { readonly unit?: string; readonly code?: string };
  /** The code that shall be the main one, with its system. */
  readonly code: { readonly system: string; readonly code: string };
  /** Another code, after the main one. */
  readonly alternate: { readonly system: string; readonly code: string; readonly display: string } | undefined;
  readonly comment: string | undefined;
  readonly start: string;
  /** Index of a device in the bundle. */
  readonly device: number | undefined;
  /** `basal` and the like. */
  readonly adminType: string | undefined;
  readonly deleted: boolean;
}

export interface ClinicalDevice {
  readonly id: string;
  readonly version: Version;
  readonly identifier: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
}

export interface ClinicalBundle {
  readonly patient: {
    readonly system: string;
    readonly value: string;
    readonly family: string;
    readonly given: string;
  };
  readonly entries: readonly ClinicalEntry[];
  readonly devices: readonly ClinicalDevice[];
}

const LOINC = 'http://loinc.org';
const SNOMED = 'http://snomed.info/sct';
const fhirId = fc.stringMatching(/^[A-Za-z0-9.-]{1,40}$/);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

/** Numbers of at most 30 digits. */
export const anyReadableNumber = anyNumber.filter(
  (number) => (number.split(/[eE]/)[0] ?? '').replace(/\D/g, '').length <= 30,
);

const kinds = fc.oneof(
  fc.record({
    kind: fc.constant('glucose' as const),
    unit: fc.constantFrom('mg/dL', 'mmol/L'),
    code: fc.constantFrom('41653-7', '14745-4', '2339-0', '99504-3').map((code) => ({ system: LOINC, code })),
  }),
  fc.record({
    kind: fc.constant('carbs' as const),
    unit: fc.constant('g'),
    code: fc.constantFrom('9059-7', '9060-5').map((code) => ({ system: LOINC, code })),
  }),
  fc.record({
    kind: fc.constant('insulin' as const),
    unit: fc.constantFrom('[iU]', '[iU]/h'),
    code: fc.constantFrom('25305005', '411531001').map((code) => ({ system: SNOMED, code })),
  }),
  fc.record({
    kind: fc.constant('measurement' as const),
    unit: fc.constantFrom('kg', '%', '/min', 'mm[Hg]', '10*3/uL'),
    code: fc.oneof(
      fc.constantFrom('29463-7', '8867-4', '4548-4').map((code) => ({ system: LOINC, code })),
      fc.record({ system: fc.constant('urn:x'), code: anyText }),
    ),
  }),
);

/** How a unit may be written, and still be that unit. */
const SPELLINGS: Readonly<Record<string, readonly ClinicalEntry['unitSent'][]>> = {
  'mg/dL': [{ unit: 'mg/dl' }, { unit: 'milligrams', code: 'mg/dL' }],
  g: [{ unit: 'g' }, { unit: 'g', code: 'g' }],
  '[iU]': [{ unit: 'IU', code: '[IU]' }, { unit: 'U' }, { code: '[iU]' }],
  '[iU]/h': [{ unit: 'IU/h', code: '[IU]/h' }, { code: '[iU]/h' }],
};

const anyEntry: fc.Arbitrary<ClinicalEntry> = fc
  .record({
    what: kinds,
    spelling: fc.nat(),
    version: fc.constantFrom('stu3' as const, 'r4' as const),
    id: fhirId,
    number: anyReadableNumber,
    comparator: fc.option(fc.constantFrom('<', '<=', '>', '>='), { nil: undefined, freq: 6 }),
    alternate: optional(fc.record({ system: fc.constant('urn:y'), code: anyText, display: anyText })),
    comment: optional(anyText),
    start: anyTime,
    device: optional(fc.nat(3)),
    adminType: optional(fc.constantFrom('bolusStd', 'bolusExt', 'bolusMul', 'basal')),
    deleted: fc.constantFrom(false, false, false, false, false, true),
  })
  .map(({ what, spelling, ...rest }) => {
    const spellings = SPELLINGS[what.unit] ?? [{ unit: 'label', code: what.unit }];
    const unitSent = spellings[spelling % spellings.length] ?? { code: what.unit };
    return { ...what, ...rest, unitSent };
  });

const anyDevice: fc.Arbitrary<ClinicalDevice> = fc.record({
  id: fhirId,
  version: fc.constantFrom('stu3' as const, 'r4' as const),
  identifier: anyText,
  manufacturer: anyText,
  model: anyText,
  firmware: anyText,
});

export const anyClinicalBundle: fc.Arbitrary<ClinicalBundle> = fc.record({
  patient: anyPatient,
  entries: fc.uniqueArray(anyEntry, {
    selector: ({ id, kind }) => `${kind === 'insulin'} ${id}`,
    minLength: 1,
    maxLength: 12,
  }),
  devices: fc.uniqueArray(anyDevice, { selector: ({ id }) => id, maxLength: 3 }),
});

/** Reference of an entry, as in `Observation/1`. */
export function referenceOf({ kind, id }: ClinicalEntry): string {
  return `${kind === 'insulin' ? 'MedicationAdministration' : 'Observation'}/${id}`;
}

/** Resources of a random bundle, as bundleBytes takes them: the Patient, devices with their trees, the entries. */
export function clinicalResourcesOf({ patient, entries, devices }: ClinicalBundle): Json[] {
  const { system, value, family, given } = patient;
  return [
    { ...PATIENT, identifier: [{ system, value }], name: [{ family, given: [given] }] },
    ...devices.flatMap(deviceResources),
    ...entries.map((entry) => {
      const device = devices[entry.device ?? devices.length];
      return entry.kind === 'insulin' ? administration(entry, device) : observation(entry, device);
    }),
  ];
}

function deviceResources({ id, version, identifier, manufacturer, model, firmware }: ClinicalDevice): Json[] {
  const device = { resourceType: 'Device', id, identifier: [{ value: identifier }], manufacturer };
  const source = { reference: `Device/${id}` };
  const type = loinc('41653-7');
  return version === 'stu3'
    ? [
        { ...device, model, version: firmware },
        { resourceType: 'DeviceComponent', id, identifier: { value: `c-${id}` }, source },
        {
          resourceType: 'DeviceMetric',
          id,
          identifier: { value: id },
          type,
          parent: { reference: `DeviceComponent/${id}` },
        },
      ]
    : [
        { ...device, modelNumber: model, version: [{ value: firmware }] },
        { resourceType: 'DeviceMetric', id, identifier: [{ value: id }], type, source },
      ];
}

function quantityOf({ number, comparator, unitSent }: ClinicalEntry): Json {
  const system = unitSent.code === undefined ? {} : { system: UCUM };
  return { value: raw(number), ...unitSent, ...system, ...(comparator === undefined ? {} : { comparator }) };
}

function common(entry: ClinicalEntry): Json {
  const { id, start, comment, version, kind } = entry;
  const isNote = version === 'r4' || kind === 'insulin';
  return {
    id,
    subject: { reference: `Patient/${PATIENT.id}` },
    effectiveDateTime: start,
    ...(comment === undefined ? {} : isNote ? { note: [{ text: comment }] } : { comment }),
  };
}

function observation(entry: ClinicalEntry, device: ClinicalDevice | undefined): Json {
  const coding = [entry.code, ...(entry.alternate === undefined ? [] : [entry.alternate])];
  return {
    resourceType: 'Observation',
    ...common(entry),
    status: entry.deleted ? 'cancelled' : 'final',
    code: { coding },
    valueQuantity: quantityOf(entry),
    ...(device === undefined ? {} : { device: { reference: `DeviceMetric/${device.id}` } }),
  };
}

function administration(entry: ClinicalEntry, device: ClinicalDevice | undefined): Json {
  const { version, unit, code, alternate } = entry;
  const amount = unit === '[iU]/h' && version === 'r4' ? 'rateQuantity' : 'dose';
  const reference = device === undefined ? undefined : { reference: `DeviceMetric/${device.id}` };
  return {
    resourceType: 'MedicationAdministration',
    ...common(entry),
    status: entry.deleted ? 'entered-in-error' : 'completed',
    medicationCodeableConcept: {
      coding: [{ system: ROCHE_CODES, code: 'insulinDose' }, ...(alternate === undefined ? [] : [alternate]), code],
    },
    ...(reference === undefined
      ? {}
      : version === 'r4'
        ? { device: [reference] }
        : { extension: [{ url: `${ROCHE}parent-device-metric`, valueReference: reference }] }),
    dosage: {
      [amount]: quantityOf(entry),
      ...(entry.adminType === undefined
        ? {}
        : { extension: [adminType({ valueCodeableConcept: concept(ROCHE_CODES, entry.adminType) })] }),
    },
  };
}

/** Anything that JSON can have in the place of an element. */
const anyElement: fc.Arbitrary<unknown> = fc.oneof(
  anyText,
  anyNumber.map(raw),
  fc.constantFrom(
    null,
    true,
    '',
    [],
    {},
    [null],
    [[]],
    { coding: 5 },
    { reference: '#x' },
    { value: 'x' },
    { extension: {} },
  ),
);
const ELEMENTS = [
  ...['id', 'meta', 'status', 'code', 'subject', 'effectiveDateTime', 'effectivePeriod', 'valueQuantity', 'device'],
  ...['comment', 'note', 'component', 'interpretation', 'referenceRange', 'related', 'hasMember', 'category', 'dosage'],
  ...['medicationCodeableConcept', 'medicationReference', 'notGiven', 'extension', 'modifierExtension', 'contained'],
  ...[
    'identifier',
    'udi',
    'udiCarrier',
    'version',
    'type',
    'source',
    'parent',
    'productionSpecification',
    'unit',
    'text',
  ],
  ...['bodySite', 'valueString', '_status', 'constructor', '__proto__', 'resourceType'],
] as const;

const UNKNOWN: readonly Json[] = [
  { resourceType: 'Basic', id: 'b', code: snomed('1') },
  { resourceType: 'Observation', id: 'panel', status: 'final', code: loinc('85354-9'), component: [{}] },
  {
    resourceType: 'MedicationAdministration',
    id: 'other',
    status: 'completed',
    medicationCodeableConcept: snomed('2'),
  },
];

interface Change {
  readonly position: number;
  readonly element: string;
  readonly how: 'replace' | 'remove' | 'double' | 'repeat';
  readonly value: unknown;
}

/** A file of which a few elements are not as FHIR has them, with unknown things and resources that come twice. */
export const anyFile: fc.Arbitrary<Uint8Array> = fc
  .record({
    bundle: anyClinicalBundle,
    unknown: fc.subarray([...UNKNOWN]),
    changes: fc.array(
      fc.record({
        position: fc.nat(),
        element: fc.constantFrom(...ELEMENTS),
        how: fc.constantFrom('replace' as const, 'remove' as const, 'double' as const, 'repeat' as const),
        value: anyElement,
      }),
      { maxLength: 4 },
    ),
  })
  .map(({ bundle, unknown, changes }) =>
    bundleBytes(changes.reduce(changed, [...clinicalResourcesOf(bundle), ...unknown])),
  );

function changed(resources: readonly Json[], { position, element, how, value }: Change): Json[] {
  const at = position % resources.length;
  const resource = resources[at] ?? {};
  if (how === 'repeat') return [...resources, resource];
  const old = resource[element];
  const members = Object.entries(resource).filter(([name]) => name !== element);
  const now = how === 'remove' ? [] : [[element, how === 'replace' ? value : [old ?? value, old ?? value]]];
  return resources.with(at, Object.fromEntries([...members, ...now]));
}
