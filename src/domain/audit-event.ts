/**
 * An entry of the audit as a FHIR R4 AuditEvent (http://hl7.org/fhir/R4/auditevent.html). Codes are those of DICOM's audit
 * messages (PS3.15 annex A.5), as the value sets of the resource want them; the kind stands beside them as a subtype.
 */
import { DUCTUS_ITSELF, patientsOfMarks, type AuditKind, type AuditOrigin, type AuditRecord } from './audit';

interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}
interface Identifier {
  readonly identifier: { readonly system: string; readonly value: string };
  readonly type?: string;
  readonly display?: string;
}
interface Detail {
  readonly type: string;
  readonly valueString: string;
}

export interface FhirAuditEvent {
  readonly resourceType: 'AuditEvent';
  readonly id: string;
  readonly type: Coding;
  readonly subtype: readonly Coding[];
  readonly action: string;
  readonly recorded: string;
  readonly outcome: string;
  readonly outcomeDesc?: string;
  readonly agent: readonly {
    readonly type?: { readonly coding: readonly Coding[] };
    readonly who: Identifier;
    readonly name?: string;
    readonly requestor: boolean;
    readonly network?: { readonly address: string; readonly type: '1' | '2' };
  }[];
  readonly source: { readonly site?: string; readonly observer: Identifier; readonly type: readonly Coding[] };
  readonly entity?: readonly {
    readonly what: Identifier;
    readonly type: Coding;
    readonly role: Coding;
    readonly detail?: readonly Detail[];
  }[];
}

/** Systems of names that mean something to Ductus only. */
export const AUDIT_SYSTEMS = {
  kind: 'urn:ductus:audit-kind',
  /** Keyed hash of a patient's number: nobody reads the number out of it. */
  patient: 'urn:ductus:patient-hash',
  operator: 'urn:ductus:operator',
  destination: 'urn:ductus:destination',
  application: 'urn:ductus:application',
  work: 'urn:ductus:workflow-id',
  controlId: 'urn:ductus:message-control-id',
  subject: 'urn:ductus:audit-subject',
} as const;

const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';
const dicom = (code: string, display: string): Coding => ({ system: DICOM, code, display });
const APPLICATION_ACTIVITY = dicom('110100', 'Application Activity');
const RESTRICTED_FUNCTION = dicom('110132', 'Use of Restricted Function');
const PATIENT_RECORD = dicom('110110', 'Patient Record');

/** Type of the event, and subtypes beside the kind. */
const TYPES: Readonly<Record<AuditKind, readonly [Coding, ...Coding[]]>> = {
  delivery: [dicom('110106', 'Export')],
  repair: [APPLICATION_ACTIVITY, RESTRICTED_FUNCTION],
  'destination-order': [APPLICATION_ACTIVITY, RESTRICTED_FUNCTION],
  'redelivery-approval': [APPLICATION_ACTIVITY, RESTRICTED_FUNCTION],
  'patients-change': [PATIENT_RECORD],
  'patients-read': [PATIENT_RECORD],
  'difference-read': [PATIENT_RECORD],
  'payload-read': [PATIENT_RECORD],
  'audit-read': [dicom('110101', 'Audit Log Used')],
  'sign-in-failure': [dicom('110114', 'User Authentication'), dicom('110122', 'Login')],
  'access-refused': [dicom('110113', 'Security Alert'), RESTRICTED_FUNCTION],
};

/** http://hl7.org/fhir/R4/valueset-audit-entity-type.html and valueset-object-role.html */
const entityType = (code: string, display: string): Coding => ({
  system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type',
  code,
  display,
});
const role = (code: string, display: string): Coding => ({
  system: 'http://terminology.hl7.org/CodeSystem/object-role',
  code,
  display,
});
const PERSON = entityType('1', 'Person');
const SYSTEM_OBJECT = entityType('2', 'System Object');

/** Writes an entry as a resource. */
export function toAuditEvent(record: AuditRecord): FhirAuditEvent {
  const { id, at, kind, action, outcome, organization, details = {} } = record;
  const [type, ...subtypes] = TYPES[kind];
  const { code } = details;
  const entity = entities(record);
  return {
    resourceType: 'AuditEvent',
    id,
    type,
    subtype: [...subtypes, { system: AUDIT_SYSTEMS.kind, code: kind }],
    action,
    recorded: at.toISOString(),
    outcome: String(outcome),
    ...(typeof code === 'string' ? { outcomeDesc: code } : {}),
    agent: agents(record),
    source: {
      ...(organization === undefined ? {} : { site: organization }),
      observer: ductus(),
      type: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
          code: '4',
          display: 'Application Server',
        },
      ],
    },
    ...(entity.length === 0 ? {} : { entity }),
  };
}

function named(system: string, value: string): Identifier {
  return { identifier: { system, value } };
}

function ductus(): Identifier {
  return { ...named(AUDIT_SYSTEMS.application, DUCTUS_ITSELF), display: 'Ductus' };
}

function agents({ kind, by, origin, destination }: AuditRecord): FhirAuditEvent['agent'] {
  if (kind === 'delivery') {
    return [
      { type: { coding: [dicom('110153', 'Source Role ID')] }, who: ductus(), requestor: true },
      {
        type: { coding: [dicom('110152', 'Destination Role ID')] },
        who: named(AUDIT_SYSTEMS.destination, destination ?? ''),
        requestor: false,
      },
    ];
  }
  const network = networkOf(origin);
  return [
    {
      who: named(AUDIT_SYSTEMS.operator, by),
      name: by,
      requestor: true,
      ...(network === undefined ? {} : { network }),
    },
    { type: { coding: [dicom('110150', 'Application')] }, who: ductus(), requestor: false },
  ];
}

/** http://hl7.org/fhir/R4/valueset-network-type.html: 1 is the name of a machine, 2 an IP address. */
function networkOf({ via, address }: AuditOrigin = {}): { address: string; type: '1' | '2' } | undefined {
  return address === undefined || address === '' ? undefined : { address, type: via === 'cli' ? '1' : '2' };
}

type Entity = NonNullable<FhirAuditEvent['entity']>[number];

function entities(record: AuditRecord): readonly Entity[] {
  const { kind, destination, work, controlId, patients = [], details = {}, origin } = record;
  const found: Entity[] = patientsOfMarks(patients).map(({ lane, numbers }) => ({
    what: { ...named(AUDIT_SYSTEMS.patient, lane), type: 'Patient' },
    type: PERSON,
    role: role('1', 'Patient'),
    ...(numbers.length === 0
      ? {}
      : { detail: numbers.map((number) => ({ type: 'hash-of-number', valueString: number })) }),
  }));
  if (controlId !== undefined) {
    found.push({
      what: named(AUDIT_SYSTEMS.controlId, controlId),
      type: SYSTEM_OBJECT,
      role: role('4', 'Domain Resource'),
    });
  }
  if (destination !== undefined && kind !== 'delivery') {
    found.push({
      what: named(AUDIT_SYSTEMS.destination, destination),
      type: SYSTEM_OBJECT,
      role: role('15', 'Subscriber'),
    });
  }
  const more = { ...details, ...(origin?.via === undefined ? {} : { via: origin.via }) };
  const detail = Object.entries(more).map(([type, value]) => ({ type, valueString: String(value) }));
  // What was done stands with the work, or with the kind where there is none.
  if (work !== undefined || detail.length > 0) {
    found.push({
      what: work === undefined ? named(AUDIT_SYSTEMS.subject, kind) : named(AUDIT_SYSTEMS.work, work),
      type: SYSTEM_OBJECT,
      role: role('20', 'Job'),
      ...(detail.length === 0 ? {} : { detail: detail.filter(({ valueString }) => valueString !== '') }),
    });
  }
  return found;
}
