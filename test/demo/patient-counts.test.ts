/** The patients are counted by what the HIS was answered and what Roche has. */
import { countPatients, type PatientCounts } from '../../demo/patient-counts';
import { patientProblems, patientResult, type ExpectedPatients } from '../../demo/patient-result';
import type { LedgerEntry } from '../../simulators/his/ledger';
import { createPerson } from '../../simulators/his/people';
import { markerOf } from '../../simulators/his/plan';
import type { AcceptedRequest, PatientStats, RefusedRequest } from '../../simulators/roche-dc/patients-statistics';

const OWN = '2.999.1.1';
const OTHER = '2.999.1.2';
const START_MS = 1_000_000;

function entry(number: number, patient: string, more: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    number,
    controlId: `C${String(number)}`,
    event: 'A31',
    person: { ...createPerson(1, 1), number: patient },
    eventAtMs: START_MS,
    connection: 0,
    firstSentAtMs: START_MS,
    sentAtMs: START_MS,
    answeredAtMs: START_MS + 5,
    attempts: 1,
    answer: 'AA',
    accepted: true,
    ...more,
  };
}

function request(
  operation: 'create' | 'update',
  patient: string,
  message: number,
  more: Partial<AcceptedRequest> = {},
): AcceptedRequest {
  const { family, given, birthDate, gender, street, city, postalCode, email, diabetes } = createPerson(1, 1);
  return {
    seq: message,
    operation,
    apiVersion: 'v2',
    emrOid: OWN,
    patientId: `roche-${patient}`,
    identifier: { system: 's', value: patient },
    identifierHash: patient,
    contentHash: String(message),
    originRequestId: 'o',
    receivedAtMs: START_MS,
    storedAtMs: START_MS + message * 100,
    resources: [
      {
        resourceType: 'Patient',
        name: [{ family, given }],
        birthDate,
        gender,
        telecom: [
          { system: 'phone', value: markerOf(message) },
          ...(email === undefined ? [] : [{ system: 'email', value: email }]),
        ],
        address: [{ line: [street], city, postalCode }],
      },
      ...(diabetes === undefined ? [] : [{ resourceType: 'Condition', code: { coding: [{ code: diabetes.snomed }] } }]),
    ],
    ...more,
  };
}

/** Roche after these requests. */
function roche(accepted: readonly AcceptedRequest[], refused: readonly RefusedRequest[] = []): PatientStats {
  const last = new Map(accepted.map((one) => [`${one.emrOid} ${one.patientId}`, one]));
  return {
    totals: {
      patients: last.size,
      creates: 0,
      updates: 0,
      unchanged: 0,
      refusedCreates: 0,
      overlapping: 0,
      answers: {},
    },
    patients: [...last.values()].map(({ patientId, emrOid, identifier, resources }) => ({
      ...{ patientId, emrOid, identifier, resources },
      ...{ creates: 1, updates: 0 },
    })),
    accepted: [...accepted],
    refused: [...refused],
  };
}

const count = (ledger: readonly LedgerEntry[], ...accepted: readonly AcceptedRequest[]): PatientCounts =>
  countPatients([{ emrOid: OWN, ledger }], roche(accepted));

describe('counts of patients', () => {
  it('should count what was answered AA, what Roche stored, and the time between', () => {
    const ledger = [entry(1, 'A'), entry(2, 'B'), entry(3, 'A')];
    const found = count(ledger, request('create', 'A', 1), request('create', 'B', 2), request('update', 'A', 3));
    expect(found).toEqual({
      received: 3,
      created: 2,
      updated: 1,
      merged: 0,
      parked: 0,
      missing: [],
      duplicated: [],
      outOfOrder: [],
      wrong: [],
      p50Ms: 200,
      p95Ms: 300,
    });
  });

  it('should miss the last state of a patient, and nothing that was not answered AA', () => {
    const ledger = [entry(1, 'A'), entry(2, 'A'), entry(3, 'B', { accepted: false, answer: 'AE' })];
    expect(count(ledger, request('create', 'A', 1))).toMatchObject({ received: 2, missing: ['A'], p95Ms: 100 });
  });

  it('should time a message by the newer one that went in its place', () => {
    const ledger = [entry(1, 'A'), entry(2, 'A')];
    expect(count(ledger, request('create', 'A', 2))).toMatchObject({ missing: [], p50Ms: 200, p95Ms: 200 });
  });

  it('should count a merge when Roche has the survivor as the merge has it', () => {
    const ledger = [entry(1, 'A'), entry(2, 'B'), entry(3, 'A', { event: 'A40', priorNumber: 'B' })];
    const before = [request('create', 'A', 1), request('create', 'B', 2)];
    expect(count(ledger, ...before)).toMatchObject({ merged: 0, missing: ['A'] });
    expect(count(ledger, ...before, request('update', 'A', 3))).toMatchObject({ merged: 1, missing: [] });
    // What was said of the old number before Roche had it is the survivor's.
    expect(count(ledger, request('create', 'A', 3))).toMatchObject({ merged: 1, p50Ms: 300, p95Ms: 300 });
  });

  it('should see who was created twice, what came in the wrong order, and what is different', () => {
    const ledger = [entry(1, 'A'), entry(2, 'A')];
    const [first, second] = [request('create', 'A', 1), request('update', 'A', 2)];
    expect(count(ledger, first, request('create', 'A', 2))).toMatchObject({ duplicated: ['A'] });
    expect(count(ledger, second, request('update', 'A', 1), second).outOfOrder).toHaveLength(1);
    const changed = [{ ...entry(1, 'A'), person: { ...entry(1, 'A').person, city: 'Elsewhere' } }];
    expect(count(changed, first)).toMatchObject({ missing: [], wrong: ['A: address.city'] });
    expect(count([], first)).toMatchObject({ wrong: ['A'] });
  });

  it('should keep the hospitals apart: the same number is another patient', () => {
    const sides = [OWN, OTHER].map((emrOid) => ({ emrOid, ledger: [entry(1, 'A')] }));
    const refused = { operation: 'create', code: 'duplicate', expression: 'Patient.telecom', refusedAtMs: 1 } as const;
    const stats = roche([request('create', 'A', 1)], [{ ...refused, emrOid: OTHER }]);
    expect(countPatients(sides.slice(0, 1), stats)).toMatchObject({ received: 1, created: 1, missing: [], parked: 0 });
    expect(countPatients(sides, stats)).toMatchObject({ received: 2, created: 1, missing: ['A'], parked: 1 });
  });
});

describe('result of the patients of a day', () => {
  const expected: ExpectedPatients = { messages: 37, patients: 30, merged: 1, parked: 1 };
  const counts: PatientCounts = {
    ...{ received: 37, created: 30, updated: 7, merged: 1, parked: 1 },
    ...{ missing: [], duplicated: [], outOfOrder: [], wrong: [] },
    ...{ p50Ms: 1089.4, p95Ms: 2779.5 },
  };

  it('should be well when Roche has every patient once', () => {
    expect(patientProblems(counts, expected)).toEqual([]);
    expect(JSON.stringify(patientResult(counts))).toBe(
      '{"flow":"patient-sync","received":37,"created":30,"updated":7,"merged":1,"parked":1,' +
        '"lost":0,"duplicated":0,"outOfOrder":0,"p50Ms":1089,"p95Ms":2780}',
    );
  });

  it.each<[Partial<PatientCounts>, string]>([
    [{ received: 36 }, 'the HIS was answered AA 36 times, not 37'],
    [{ created: 31 }, 'Roche created 31 patients, not 30'],
    [{ updated: 0 }, 'Roche updated no patient'],
    [{ merged: 0 }, '0 merges are at Roche, not 1'],
    [{ parked: 2 }, 'Roche refused 2 patients, not 1'],
    [{ missing: ['A', 'B'] }, 'Roche lacks the last state of A, B'],
    [{ duplicated: ['A'] }, 'Roche has twice A'],
    [
      { outOfOrder: ['A: request 4 brought message 1 after 3'] },
      'out of order: A: request 4 brought message 1 after 3',
    ],
    [{ wrong: ['A: name.family'] }, 'not what the HIS sent: A: name.family'],
  ])('should not be well with %j', (change, what) => {
    expect(patientProblems({ ...counts, ...change }, expected)).toEqual([what]);
  });
});
