/**
 * What a patient changes afterwards, in all data types: the same ids with the next `versionId`. Roche sends an edited
 * resource again, a deleted Observation as `cancelled` and deleted insulin as `entered-in-error` (SPECS §1.5).
 */
/// <reference types="fhir" />
import { RandomStream } from '../random';
import { resourcesOf, sampleBundle } from './sample-bundle';
import { isAdministration, isDevice, isObservation, kindOf, type SampleKind } from './sample-versions';

/** How many of each kind are edited, and how many others deleted. A device is given another firmware. */
export const DIARY_EDITS = {
  glucose: { edited: 2, deleted: 1 },
  carbs: { edited: 1, deleted: 1 },
  insulin: { edited: 1, deleted: 1 },
  device: { edited: 1, deleted: 0 },
} as const satisfies Partial<Record<SampleKind, { edited: number; deleted: number }>>;

const HOUR = 3_600_000;
const NEW_FIRMWARE = '1.1';

/**
 * Makes the delta that follows `DIARY_EDITS`. The devices come along, since readings name them; all but the meter as
 * they were.
 * @param previous a bundle of `diaryBundle` with at least three meals
 */
export function editedDiary(previous: fhir.Bundle, seed: number): fhir.Bundle {
  const random = new RandomStream(seed, 'edits', previous.id ?? '');
  const lastUpdated = new Date(new Date(previous.meta?.lastUpdated ?? 0).getTime() + HOUR).toISOString();
  const next = <T extends fhir.Resource>(resource: T): T => ({
    ...resource,
    meta: { ...resource.meta, versionId: String(Number(resource.meta?.versionId ?? '1') + 1), lastUpdated },
  });
  const all = resourcesOf(previous);
  const observations = all.filter(isObservation);
  const doses = all.filter(isAdministration);
  const changed = [
    ...(['glucose', 'carbs'] as const).flatMap((kind) => {
      const { edited, deleted } = DIARY_EDITS[kind];
      const own = take(observations, kind, edited + deleted);
      return own.map((one, index): fhir.Observation => {
        if (index >= edited) return { ...next(one), status: 'cancelled' };
        return { ...next(one), status: 'amended', valueQuantity: otherQuantity(one.valueQuantity, random) };
      });
    }),
    ...take(doses, 'insulin', DIARY_EDITS.insulin.edited + DIARY_EDITS.insulin.deleted).map(
      (one, index): fhir.MedicationAdministration => {
        if (index >= DIARY_EDITS.insulin.edited) return { ...next(one), status: 'entered-in-error' };
        return { ...next(one), dosage: { ...one.dosage, dose: otherQuantity(one.dosage?.dose, random) } };
      },
    ),
  ];
  const context = all.filter(({ resourceType }) => CONTEXT.has(resourceType ?? ''));
  return sampleBundle(
    [...context.map((one) => (isMeter(one) ? withNewFirmware(next(one)) : one)), ...changed],
    {},
    seed,
  );
}

const CONTEXT: ReadonlySet<string> = new Set(['Patient', 'Device', 'DeviceComponent', 'DeviceMetric']);

function take<T extends fhir.Resource>(resources: readonly T[], kind: SampleKind, count: number): T[] {
  const own = resources.filter((one) => kindOf(one) === kind).slice(0, count);
  if (own.length < count) throw new Error(`the diary has ${String(own.length)} of ${kind}, not ${String(count)}`);
  return own;
}

/** Another value that a device may show: 0.1 to 20 more. */
function otherQuantity(quantity: fhir.Quantity | undefined, random: RandomStream): fhir.Quantity {
  const value = quantity?.value ?? 0;
  const more = Number.isInteger(value) ? random.integer(1, 20) : random.integer(1, 20) / 10;
  return { ...quantity, value: Math.round((value + more) * 100) / 100 };
}

function isMeter({ id, resourceType }: fhir.Resource): boolean {
  return (resourceType === 'Device' || resourceType === 'DeviceComponent') && id?.startsWith('meter-') === true;
}

function withNewFirmware(resource: fhir.Resource): fhir.Resource {
  if (isDevice(resource)) return { ...resource, version: NEW_FIRMWARE };
  if (!isComponent(resource)) return resource;
  const productionSpecification = (resource.productionSpecification ?? []).map((one) =>
    one.specType?.coding?.[0]?.code === 'firmware-revision' ? { ...one, productionSpec: NEW_FIRMWARE } : one,
  );
  return { ...resource, productionSpecification };
}

function isComponent(resource: fhir.Resource): resource is fhir.DeviceComponent {
  return resource.resourceType === 'DeviceComponent';
}
