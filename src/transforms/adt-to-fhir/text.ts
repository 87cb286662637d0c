/** Text of the HIS as FHIR takes it. */
import type { Hl7Field } from '../../protocols/hl7-v2/message';

/** FHIR strings have no control characters but tab, LF and CR (STU3 datatypes, string), and no value here has lines. */
const UNFIT = /[\s\u0000-\u001f\u007f-\u009f]+/g;

/** Without white space around it; control characters and runs of white space become a space, a lone surrogate U+FFFD. */
export function clean(text: string): string {
  return text.toWellFormed().replace(UNFIT, ' ').trim();
}

/** The element when it says something: `said('city', '')` is `{}`. */
export function said<Name extends string>(name: Name, value: string): Partial<Record<Name, string>> {
  const element: Partial<Record<string, string>> = value === '' ? {} : { [name]: value };
  return element;
}

/** As {@link said}, for a list. */
export function listed<Name extends string, Item>(
  name: Name,
  items: readonly Item[],
): Partial<Record<Name, readonly Item[]>> {
  const element: Partial<Record<string, readonly Item[]>> = items.length === 0 ? {} : { [name]: items };
  return element;
}

/**
 * True when the subcomponent delimiters of a component are text that nobody escaped, as in `Brown & Sons`: there are more
 * than its type has, or white space beside the first.
 * @param most subcomponents of the type
 */
export function isUnescaped(field: Hl7Field, component: number, most: number): boolean {
  const size = field.sizeOf(component);
  return size > most || (size > 1 && (/\s$/.test(field.part(component, 1)) || /^\s/.test(field.part(component, 2))));
}
