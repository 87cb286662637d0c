/** MedicationAdministration and Medication: notGiven, prescription, performer, dosage (hl7.org/fhir/R4/medicationadministration-version-maps.html). */
import { isObject } from '../fhir-bundle/lossless-json';
import { list, type Conversion, type Draft } from './conversion';
import { append, kept, renamed, type ElementRules } from './element-rules';
import { DATA_ABSENT, STU3_EXTENSION } from './names';

export const MEDICATION_ADMINISTRATION: ElementRules = {
  ...renamed('prescription', 'request'),
  ...kept('definition', 'Reference'),
  status: ({ value, raw, resource, conversion, type }) => {
    // R4 says in the status what STU3 says in notGiven; what the status was is kept, as HL7's map does.
    const isGiven = raw['notGiven'] !== true;
    resource['status'] = isGiven ? value : 'not-done';
    if (isGiven) return;
    conversion.keep(`${type}.status`, 'Code', value);
    conversion.changed('not-given', 'status', 'notGiven', 'status');
  },
  // Goes with `status`; false is what R4 says without it.
  notGiven: () => undefined,
  // HL7's map has reasonCode, which in R4 is why it was given; statusReason is why not.
  reasonNotGiven: ({ value, resource, conversion, type }) => {
    const reasons = list(conversion.copy(value, 'reasonNotGiven', type));
    if (reasons.length === 0) return;
    append(resource, 'statusReason', ...reasons);
    conversion.changed('renamed', 'statusReason', 'reasonNotGiven');
  },
  performer: ({ value, resource, conversion, type }) => {
    const performers = list(conversion.copy(value, 'performer', type)).map((performer) => {
      if (!isObject(performer) || performer['onBehalfOf'] === undefined) return performer;
      const { onBehalfOf, ...rest } = performer;
      const extension = { url: `${STU3_EXTENSION}${type}.performer.onBehalfOf`, valueReference: onBehalfOf };
      conversion.changed('kept', 'performer.extension', 'performer.onBehalfOf');
      return { ...rest, extension: [...list(rest['extension']), extension] };
    });
    if (performers.length > 0) resource['performer'] = performers;
  },
  dosage: ({ value, resource, conversion, type }) => {
    const copied = conversion.copy(Array.isArray(value) ? value[0] : value, 'dosage', type);
    if (Array.isArray(value) && value.length > 1) conversion.keep(`${type}.dosage`, 'String', value.slice(1));
    if (isObject(copied)) resource['dosage'] = dosage(copied, conversion);
  },
};

/** hl7.org/fhir/R4/medication-version-maps.html. Flags, package and image of STU3 have no place in R4. */
export const MEDICATION: ElementRules = {
  ingredient: ({ value, resource, conversion, type }) => {
    const ingredients = list(conversion.copy(value, 'ingredient', type)).map((ingredient) => {
      if (!isObject(ingredient) || ingredient['amount'] === undefined) return ingredient;
      const { amount, ...rest } = ingredient;
      conversion.changed('renamed', 'ingredient', 'ingredient.amount');
      return { ...rest, strength: amount };
    });
    if (ingredients.length > 0) resource['ingredient'] = ingredients;
  },
};

function dosage(copied: Draft | Readonly<Draft>, conversion: Conversion): Draft {
  const { rateSimpleQuantity, ...draft } = copied;
  // STU3 names the choice by the profile SimpleQuantity (R3 datatypes), R4 by the type.
  if (rateSimpleQuantity !== undefined) {
    conversion.changed('renamed', 'dosage.rateQuantity', 'dosage.rateSimpleQuantity');
    return { ...draft, rateQuantity: rateSimpleQuantity };
  }
  const hasAmount = ['dose', 'rateRatio', 'rateQuantity'].some((name) => draft[name] !== undefined);
  // Invariant mad-1: dose or rate.
  return hasAmount ? draft : { ...draft, dose: { extension: [{ url: DATA_ABSENT, valueCode: 'unknown' }] } };
}
