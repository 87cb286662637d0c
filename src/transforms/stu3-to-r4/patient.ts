/** Patient: `animal` became an extension (hl7.org/fhir/R4/patient-version-maps.html). */
import { isObject } from '../fhir-bundle/lossless-json';
import type { ElementRules } from './element-rules';

export const PATIENT: ElementRules = {
  animal: ({ value, conversion, type }) => {
    const animal = conversion.copy(value, 'animal', type);
    if (!isObject(animal)) return;
    const parts = ['species', 'breed', 'genderStatus'].filter((name) => animal[name] !== undefined);
    conversion.extend({
      url: 'http://hl7.org/fhir/StructureDefinition/patient-animal',
      extension: parts.map((url) => ({ url, valueCodeableConcept: animal[url] })),
    });
    conversion.changed('renamed', 'extension', 'animal');
  },
};
