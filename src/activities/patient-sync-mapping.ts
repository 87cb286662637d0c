/** What the messages of a HIS say about a patient, for the sending: numbers, and the Bundle that Roche gets. */
import type { PatientChange, PatientContent } from '../domain/patient-sync';
import { DuctusError } from '../domain/errors';
import type { OrganizationConfig, PatientSyncConfig } from '../runtime/config/schema';
import type { NamedNumber } from '../store/patient-registry';
import {
  patientSyncSettings,
  readAdt,
  readFhir,
  toRocheBundle,
  type PatientNumber,
  type PatientSyncSettings,
  type ReadChange,
  type RocheBundle,
} from '../transforms/adt-to-fhir';

/** The mapping of one organization, made ready once. */
export class PatientMapping {
  readonly #settings: PatientSyncSettings;

  constructor(
    private readonly organization: OrganizationConfig,
    private readonly sync: PatientSyncConfig,
  ) {
    this.#settings = patientSyncSettings(sync, organization.timeZone);
  }

  /**
   * The number that a message is about.
   * @throws DuctusError DUCTUS_HL7_INVALID when it cannot be read any more: the configuration changed since it was taken
   */
  number(change: PatientChange): NamedNumber {
    return this.#named(this.#read(change.content).number);
  }

  /** The number that ends by a merge. @throws as `number` */
  prior(change: PatientChange): NamedNumber {
    const { prior } = this.#read(change.content);
    if (prior === undefined) throw unreadable('The merge names no number that ends.');
    return this.#named(prior);
  }

  /**
   * The message Bundle of all that waited.
   * @param contents oldest to newest
   * @param number of the patient; another than that of the messages when those came under a merged number
   */
  bundle(contents: readonly PatientContent[], number: string, timestampMs: number): RocheBundle {
    return toRocheBundle(contents, this.#settings, {
      organizationOid: this.organization.emrOid,
      timestampMs,
      number,
    });
  }

  #named({ value, assigningAuthority }: PatientNumber): NamedNumber {
    return { number: value, system: this.sync.identifier.system, assigningAuthority };
  }

  #read(content: PatientContent): ReadChange {
    const reading =
      content.form === 'hl7'
        ? readAdt(content.text, this.#settings)
        : readFhir(JSON.parse(content.json), content.version, this.#settings);
    if (reading.ok) return reading.change;
    throw unreadable('The message can no longer be read: the configuration of patientSync has changed since it came.');
  }
}

function unreadable(what: string): DuctusError {
  return new DuctusError('DUCTUS_HL7_INVALID', what);
}
