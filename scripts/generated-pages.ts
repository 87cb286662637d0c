/** The pages that are made from the source, by the file that holds them. */
import { configurationReference } from '../src/runtime/config/reference';
import { errorsPage } from './errors-page';
import { jsonFormPage } from './json-form-page';
import { limitsPage } from './limits-page';
import { mappingPage } from './mapping-page';

export const GENERATED_PAGES: Readonly<Record<string, () => string>> = {
  'docs/reference/configuration.md': configurationReference,
  'docs/errors.md': errorsPage,
  'docs/guide/mapping.md': mappingPage,
  'docs/reference/json-form.md': jsonFormPage,
  'docs/reference/time-limits.md': limitsPage,
};
