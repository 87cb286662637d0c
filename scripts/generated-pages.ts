/** The pages that are made from the source, by the file that holds them. */
import { configurationReference } from '../src/runtime/config/reference';
import { cliPage } from './cli-page';
import { errorsPage } from './errors-page';
import { fhirFormPage } from './fhir-form-page';
import { jsonFormPage } from './json-form-page';
import { limitsPage } from './limits-page';
import { mappingPage } from './mapping-page';
import { metricsPage } from './metrics-page';
import { patientMappingPage } from './patient-mapping-page';

export const GENERATED_PAGES: Readonly<Record<string, () => string>> = {
  'docs/reference/configuration.md': configurationReference,
  'docs/errors.md': errorsPage,
  'docs/guide/cli.md': cliPage,
  'docs/guide/mapping.md': mappingPage,
  'docs/operations/metrics.md': metricsPage,
  'docs/reference/fhir-form.md': fhirFormPage,
  'docs/reference/json-form.md': jsonFormPage,
  'docs/reference/patient-mapping.md': patientMappingPage,
  'docs/reference/time-limits.md': limitsPage,
};
