/** Rules for the elements that are not the same in STU3 and R4, by the name that they have in STU3. */
import { isObject } from '../fhir-bundle/lossless-json';
import { list, type Conversion, type Draft, type Json } from './conversion';

export interface ElementContext {
  readonly value: unknown;
  /** The resource in STU3. */
  readonly raw: Json;
  /** The resource in R4, as far as it is done. */
  readonly resource: Draft;
  readonly conversion: Conversion;
  /** Type of the resource in STU3, for names. */
  readonly type: string;
}

export type ElementRule = (context: ElementContext) => void;
export type ElementRules = Readonly<Record<string, ElementRule>>;

/** Another name, same content; with `_` for the extensions of a primitive. */
export function renamed(from: string, to: string): ElementRules {
  const rule =
    (underscore: string): ElementRule =>
    ({ value, resource, conversion, type }) => {
      const copied = conversion.copy(value, from, type);
      if (copied === undefined) return;
      resource[underscore + to] = copied;
      conversion.changed('renamed', to, from);
    };
  return { [from]: rule(''), [`_${from}`]: rule('_') };
}

/** No place in R4: an extension with the type that the value has in STU3. */
export function kept(name: string, valueType: string): ElementRules {
  return {
    [name]: ({ value, conversion, type }) => {
      for (const one of list(value)) {
        const isOfType = typeof one === 'string' ? valueType === 'Code' || valueType === 'Instant' : isObject(one);
        if (isOfType) conversion.keep(`${type}.${name}`, valueType, conversion.copy(one, name, type));
        else conversion.keep(`${type}.${name}`, 'String', one);
      }
    },
  };
}

/** Adds to a list that other elements may have begun. */
export function append(resource: Draft, name: string, ...values: readonly unknown[]): void {
  resource[name] = [...list(resource[name]), ...values];
}
