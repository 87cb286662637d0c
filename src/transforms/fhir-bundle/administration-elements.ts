/** Where the parts of a dose stood: one object for all of a shape, since a pump's data has thousands of a few shapes. */
import type { Elements } from '../model/reading';
import type { AdminTypeElement, DeviceElement } from './administration-extensions';
import { TIME_ELEMENTS, type TimeElement } from './event';
import type { DoseElement } from './known-elements';

/** Remembers the shapes of one bundle. */
export class AdministrationElements {
  readonly #known = new Map<string, Elements>();

  of(
    dose: DoseElement,
    time: TimeElement,
    identifier: 'id' | 'identifier',
    codes: 'medicationCodeableConcept' | 'medicationReference',
    unit: 'code' | 'unit',
    adminType: AdminTypeElement,
    device: DeviceElement,
  ): Elements {
    const key = `${dose} ${time} ${identifier} ${codes} ${unit} ${adminType} ${device}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const quantity = dose === 'rateRatio' ? 'dosage.rateRatio.numerator' : `dosage.${dose}`;
    const elements: Elements = {
      identifier,
      status: 'status',
      codes,
      value: `${quantity}.value`,
      comparator: `${quantity}.comparator`,
      unit: `${quantity}.${unit}`,
      ...TIME_ELEMENTS[time],
      comments: 'note',
      device,
      ...(adminType === undefined ? {} : { adminType }),
      subject: 'subject',
    };
    this.#known.set(key, elements);
    return elements;
  }
}
