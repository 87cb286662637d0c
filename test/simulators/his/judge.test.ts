import { judgeSync } from '../../../simulators/his/judge';
import type { LedgerEntry } from '../../../simulators/his/ledger';
import { createPerson } from '../../../simulators/his/people';
import type { Person } from '../../../simulators/his/people';
import { markerOf, numberOfMarker } from '../../../simulators/his/plan';
import type { AcceptedRequest } from '../../../simulators/roche-dc/patients-statistics';

const ANNA = { ...createPerson(1, 0), number: 'A' };
const BERT = { ...createPerson(1, 1), number: 'B' };

function entry(number: number, person: Person, more: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    number,
    controlId: `C${number}`,
    event: 'A31',
    person,
    eventAtMs: number,
    connection: 0,
    firstSentAtMs: 0,
    sentAtMs: 0,
    answeredAtMs: 1,
    attempts: 1,
    answer: 'AA',
    accepted: true,
    ...more,
  };
}

function stored(
  seq: number,
  person: Person,
  message: number,
  operation: 'create' | 'update' = 'update',
): AcceptedRequest {
  const telecom = [
    { system: 'phone', value: `+34 ${markerOf(message)}` },
    ...(person.email === undefined ? [] : [{ system: 'email', value: person.email }]),
  ];
  const { family, given, birthDate, gender, street, city, postalCode, diabetes } = person;
  return {
    seq,
    operation,
    apiVersion: 'v2',
    emrOid: '1',
    patientId: `roche-${person.number}`,
    identifier: { system: 's', value: person.number },
    identifierHash: person.number,
    contentHash: String(message),
    originRequestId: 'o',
    receivedAtMs: 0,
    storedAtMs: 0,
    resources: [
      {
        resourceType: 'Patient',
        name: [{ family, given }],
        birthDate,
        gender,
        telecom,
        address: [{ line: [street], city, postalCode }],
      },
      ...(diabetes === undefined ? [] : [{ resourceType: 'Condition', code: { coding: [{ code: diabetes.snomed }] } }]),
    ],
  };
}

/** Roche after these requests. */
function roche(...accepted: AcceptedRequest[]): Parameters<typeof judgeSync>[1] {
  const last = new Map(accepted.map((one) => [one.patientId, one]));
  const patients = [...last.values()].map(({ patientId, emrOid, identifier, resources }) => ({
    ...{ patientId, emrOid, identifier, resources },
    ...{ creates: 1, updates: 0 },
  }));
  return { accepted, patients };
}

describe('judgeSync', () => {
  const ledger = [entry(1, ANNA), entry(2, BERT), entry(3, ANNA)];
  const good = [stored(1, ANNA, 1, 'create'), stored(2, BERT, 2, 'create'), stored(3, ANNA, 3)];
  const nothing = { lost: [], duplicated: [], outOfOrder: [], different: [], unexpected: [], notAccepted: [] };

  it('should find nothing when Roche has the last state of each patient', () => {
    expect(judgeSync(ledger, roche(...good))).toEqual({ patients: 2, accepted: 3, ...nothing });
  });

  it('should take it that states between were left out, and that one came twice', () => {
    expect(judgeSync(ledger, roche(...good.slice(1), stored(4, ANNA, 3)))).toMatchObject(nothing);
  });

  it('should see a lost patient, and a lost change', () => {
    expect(judgeSync(ledger, roche(...good.slice(0, 1), ...good.slice(2)))).toMatchObject({ lost: ['B'] });
    expect(judgeSync(ledger, roche(...good.slice(0, 2)))).toMatchObject({ lost: ['A'] });
  });

  it('should ask for nothing that was not accepted', () => {
    const refused = entry(4, ANNA, { accepted: false, answer: 'AE' });
    expect(judgeSync([...ledger, refused], roche(...good))).toMatchObject({ lost: [], notAccepted: [4] });
  });

  it('should see a patient created twice, or there twice', () => {
    expect(judgeSync(ledger, roche(...good, stored(4, ANNA, 3, 'create')))).toMatchObject({ duplicated: ['A'] });
    const second = { ...stored(4, BERT, 2), patientId: 'second' };
    expect(judgeSync(ledger, roche(...good, second))).toMatchObject({ duplicated: ['B'] });
  });

  it('should see an older message after a newer one', () => {
    const verdict = judgeSync(ledger, roche(...good, stored(4, ANNA, 1), stored(5, ANNA, 3)));
    expect(verdict).toMatchObject({ lost: [], outOfOrder: ['A: request 4 brought message 1 after 3'] });
  });

  it('should see what is different', () => {
    const wrong = { ...ANNA, family: 'MÃ¼ller', city: 'Elsewhere' };
    expect(judgeSync(ledger, roche(...good, stored(4, wrong, 3)))).toMatchObject({
      different: ['A: name.family', 'A: address.city'],
    });
  });

  it('should see a patient whom nobody sent', () => {
    expect(judgeSync(ledger, roche(...good, stored(4, { ...ANNA, number: 'X' }, 1)))).toMatchObject({
      unexpected: ['X'],
    });
  });

  it('should expect the last state at the survivor of a merge, and none at the number that ended', () => {
    const merged = [...ledger, entry(4, ANNA, { event: 'A40', priorNumber: 'B' }), entry(5, BERT)];
    expect(judgeSync(merged, roche(...good, stored(4, ANNA, 4)))).toMatchObject({ patients: 1, lost: ['A'] });
    expect(judgeSync(merged, roche(...good, stored(4, ANNA, 4), stored(5, { ...BERT, number: 'A' }, 5)))).toMatchObject(
      nothing,
    );
    expect(judgeSync(merged, roche(...good, stored(4, BERT, 5)))).toMatchObject({
      lost: ['A'],
      outOfOrder: ['B: request 4 brought message 5 after 2'],
    });
  });

  it('should read its own telephone numbers in any form', () => {
    for (const form of ['+34 600 000 042', '(600)000-042', '0034600000042']) expect(numberOfMarker(form)).toBe(42);
    expect(numberOfMarker('+49 30 123')).toBeUndefined();
  });
});
