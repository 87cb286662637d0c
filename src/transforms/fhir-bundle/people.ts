/** Finds the patient of each resource of a bundle. */
import type { Source } from './bundle-entries';
import type { PatientContext } from '../model/patient';
import { isReference } from './guards';
import { patientByResource, patientContext, type FoundPatient } from './patient';
import { canonicalJson } from './lossless-json';
import { conditionalIdentifier, findContained, identifierKey, type ReferenceIndex } from './references';
import { invalid, PatientShape, readShape, type Identifier, type Patient, type Reference } from './shapes';

export class People {
  readonly #index: ReferenceIndex<Source>;
  readonly #patients = new Map<Source, Patient>();
  /** Who goes by a key, also where contained: what has one key ends up under one PID. */
  readonly #identities = new Map<string, FoundPatient>();
  readonly #byIdentifier = new Map<string, FoundPatient>();
  /** Most resources of a bundle have the same subject. */
  readonly #byReference = new Map<string, PatientContext | undefined>();
  /** By reference and identifier, when the subject has both. */
  readonly #byBoth = new Map<string, PatientContext | undefined>();
  #last:
    | {
        readonly reference: string;
        readonly identifier: Identifier | undefined;
        readonly context: PatientContext | undefined;
      }
    | undefined;

  /** @throws DuctusError DUCTUS_BUNDLE_INVALID when a Patient has an element that is not as FHIR has it */
  constructor(sources: readonly Source[], index: ReferenceIndex<Source>) {
    this.#index = index;
    for (const source of sources) {
      if (source.type !== 'Patient' || !source.hasResource) continue;
      const patient = readShape(PatientShape, source.raw, source.path);
      this.#patients.set(source, patient);
      this.#checkIdentity(patient, source.path);
      for (const identifier of patient.identifier ?? []) {
        if ((identifier.value ?? '') !== '')
          this.#byIdentifier.set(identifierKey(identifier), { patient, path: source.path });
      }
    }
  }

  /** The patient that a resource is about: STU3 and R4 call the element `subject` or `patient`. */
  of(source: Source): PatientContext | undefined {
    if (source.type === 'Patient') {
      const patient = this.#patients.get(source);
      return patient === undefined ? undefined : patientByResource({ patient, path: source.path });
    }
    const subject = source.raw['subject'] ?? source.raw['patient'];
    if (!isReference(subject)) return undefined;
    const { reference = '', identifier } = subject;
    if (reference === '' || reference.startsWith('#')) {
      return patientContext(subject, this.#find(subject, source), subjectPath(source));
    }
    const last = this.#last;
    if (
      last !== undefined &&
      last.reference === reference &&
      last.identifier?.system === identifier?.system &&
      last.identifier?.value === identifier?.value
    ) {
      return last.context;
    }
    const contexts = identifier === undefined ? this.#byReference : this.#byBoth;
    const key = identifier === undefined ? reference : `${reference.length} ${reference} ${identifierKey(identifier)}`;
    let context = contexts.get(key);
    if (context === undefined && !contexts.has(key)) {
      context = patientContext(subject, this.#find(subject, source), subjectPath(source));
      contexts.set(key, context);
    }
    this.#last = { reference, identifier, context };
    return context;
  }

  /** Two people under one identifier would end up in one message, so the bundle is refused. */
  #checkIdentity(patient: Patient, path: string): void {
    const identifiers = (patient.identifier ?? []).filter(({ value }) => value !== undefined && value !== '');
    const own = patientByResource({ patient, path });
    for (const key of new Set([...identifiers.map(identifierKey), ...(own === undefined ? [] : [own.key])])) {
      const other = this.#identities.get(key);
      if (other === undefined) this.#identities.set(key, { patient, path });
      else if (differ(other.patient.name, patient.name) || differ(other.patient.birthDate, patient.birthDate)) {
        throw invalid(path, `has the identifier of ${other.path}, but another name or birth date`);
      }
    }
  }

  #find({ reference, identifier }: Reference, source: Source): FoundPatient | undefined {
    if (reference?.startsWith('#') === true) {
      const inner = findContained(source.raw, reference);
      if (inner === undefined) return undefined;
      const patient = readShape(PatientShape, inner, `${source.path}.contained`);
      this.#checkIdentity(patient, `${source.path}.contained`);
      return { patient, path: `${source.path}.contained` };
    }
    const found = reference === undefined ? undefined : this.#index.find(reference);
    const patient = found === undefined ? undefined : this.#patients.get(found);
    const named = identifier ?? (reference === undefined ? undefined : conditionalIdentifier(reference));
    if (found !== undefined && patient !== undefined) return { patient, path: found.path };
    return named === undefined ? undefined : this.#byIdentifier.get(identifierKey(named));
  }
}

function subjectPath({ raw, path }: Source): string {
  return `${path}.${raw['subject'] === undefined ? 'patient' : 'subject'}`;
}

function differ(a: unknown, b: unknown): boolean {
  return a !== undefined && b !== undefined && canonicalJson(a) !== canonicalJson(b);
}
