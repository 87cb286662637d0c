/** The pages that are made from the source, by the file that holds them. */
import { configurationReference } from '../src/runtime/config/reference';
import { errorsPage } from './errors-page';
import { limitsPage } from './limits-page';

export const GENERATED_PAGES: Readonly<Record<string, () => string>> = {
  'docs/reference/configuration.md': configurationReference,
  'docs/errors.md': errorsPage,
  'docs/reference/time-limits.md': limitsPage,
};
