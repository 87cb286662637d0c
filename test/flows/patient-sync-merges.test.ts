/** Merges of patients (A40): the survivor is updated, the old number leads to it, and data for the old one goes there. */
import { request } from 'undici';
import { SECRETS } from '../support/config';
import { startWorld, type World } from '../support/ductus';
import { decidedBy, WAIT_MS } from '../support/hospital-steps';
import {
  atRoche,
  ended,
  openPatientHospital,
  orderRoche,
  patientStage,
  registry,
  repairPatient,
  rows,
  say,
  sayAndEnd,
  states,
  taken,
} from '../support/patient-steps';
import type { Hospital } from '../support/ductus';
import { testTemporalAddress } from '../support/temporal';
import { until } from '../support/until';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

/** Where data that come under a number go. */
async function leads(hospital: Hospital): Promise<string[]> {
  const found = await rows<{ source_value: string; emr_value: string }>(
    hospital,
    'select source_value, emr_value from patient_identifier order by source_value',
  );
  return found.map((row) => `${row.source_value} → ${row.emr_value}`);
}

describe('a merge', () => {
  it('should give the survivor the patient that Roche has of the old number', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 1 });
    await sayAndEnd(hospital, { event: 'A40', number: '200', family: 'Neu', prior: '100', minute: 2 });
    expect(taken(hospital)).toEqual(['create 100 Alt', 'update 200 Neu']);
    expect(atRoche(hospital)).toEqual(['200 Neu']);
    expect(await registry(hospital)).toEqual(['100 merged into 200', '200 active, at Roche']);
    expect(await leads(hospital)).toEqual(['100 → 200', '200 → 200']);
    expect(await states(hospital)).toEqual(['A08 created', 'A40 merged']);
  });

  it('should update the survivor and leave word of the old one where Roche has both', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 1 });
    await sayAndEnd(hospital, { number: '200', family: 'Alt', minute: 1 });
    await sayAndEnd(hospital, { event: 'A40', number: '200', family: 'Neu', prior: '100', minute: 2 });
    expect(taken(hospital)).toEqual(['create 100 Alt', 'create 200 Alt', 'update 200 Neu']);
    expect(await registry(hospital)).toEqual(['100 merged into 200, at Roche', '200 active, at Roche']);
    expect(await leads(hospital)).toEqual(['100 → 200', '200 → 200']);
  });

  it('should create the survivor where Roche has neither, also when nobody has heard of the old number', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { event: 'A40', number: '200', family: 'Neu', prior: '100', minute: 2 });
    expect(taken(hospital)).toEqual(['create 200 Neu']);
    expect(await registry(hospital)).toEqual(['100 merged into 200', '200 active, at Roche']);
    expect(await leads(hospital)).toEqual(['100 → 200', '200 → 200']);
  });

  it('should never be dropped as old, but bring no old content back', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 1 });
    await sayAndEnd(hospital, { number: '200', family: 'Neu', minute: 30 });
    await sayAndEnd(hospital, { event: 'A40', number: '200', family: 'Alt', prior: '100', minute: 10 });
    expect(atRoche(hospital)).toEqual(['100 Alt', '200 Neu']);
    expect(await registry(hospital)).toEqual(['100 merged into 200, at Roche', '200 active, at Roche']);
    expect(await states(hospital)).toContain('A40 merged');
  });

  it('should not empty what Roche has when it brings a name only', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 1 });
    await sayAndEnd(hospital, { event: 'A40', number: '200', family: 'Neu', prior: '100', minute: 2, more: '' });
    expect(atRoche(hospital)).toEqual(['100 Alt']);
    expect(await registry(hospital)).toEqual(['100 merged into 200, at Roche', '200 new']);
    await sayAndEnd(hospital, { number: '200', family: 'Neu', minute: 3 });
    expect(atRoche(hospital)).toEqual(['200 Neu']);
    expect(await registry(hospital)).toEqual(['100 merged into 200', '200 active, at Roche']);
  });

  it('should take messages of the old number to the survivor, under the number of the survivor', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 1 });
    const { work } = await sayAndEnd(hospital, {
      event: 'A40',
      number: '200',
      family: 'Neu',
      prior: '100',
      minute: 10,
    });
    await sayAndEnd(hospital, { number: '100', family: 'Zuletzt', minute: 20 });
    await ended(hospital, work);
    // Older than the merge, by another connection: out of date.
    await sayAndEnd(hospital, { number: '100', family: 'Vorher', minute: 5 });
    await ended(hospital, work);
    await until(async () => (await states(hospital)).includes('A08 stale'), WAIT_MS, 'the old one');
    expect(atRoche(hospital)).toEqual(['200 Zuletzt']);
    expect((await states(hospital)).sort()).toEqual([
      'A08 created',
      'A08 forwarded',
      'A08 forwarded',
      'A08 stale',
      'A08 updated',
      'A40 merged',
    ]);
  });

  it('should leave no chain: A into B, B into C', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: 'A', family: 'Eins', minute: 1 });
    await sayAndEnd(hospital, { event: 'A40', number: 'B', family: 'Zwei', prior: 'A', minute: 2 });
    const { work } = await sayAndEnd(hospital, { event: 'A40', number: 'C', family: 'Drei', prior: 'B', minute: 3 });
    expect(await registry(hospital)).toEqual(['A merged into C', 'B merged into C', 'C active, at Roche']);
    expect(await leads(hospital)).toEqual(['A → C', 'B → C', 'C → C']);
    await sayAndEnd(hospital, { number: 'A', family: 'Vier', minute: 4 });
    await ended(hospital, work);
    expect(atRoche(hospital)).toEqual(['C Vier']);
  });

  it('should not lead the number of another authority, whose patient Roche has, to the survivor', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: '100', family: 'Andere', minute: 1, authority: 'A' });
    await sayAndEnd(hospital, { event: 'A40', number: '200', family: 'Neu', prior: '100', minute: 2, authority: 'B' });
    expect(await leads(hospital)).toEqual(['100 → 100', '200 → 200']);
    expect(atRoche(hospital)).toEqual(['100 Andere', '200 Neu']);
  });

  it('should turn round: A into B, then B into A', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: 'A', family: 'Eins', minute: 1 });
    await sayAndEnd(hospital, { event: 'A40', number: 'B', family: 'Zwei', prior: 'A', minute: 2 });
    const { work } = await sayAndEnd(hospital, { event: 'A40', number: 'A', family: 'Drei', prior: 'B', minute: 3 });
    expect(await registry(hospital)).toEqual(['A active, at Roche', 'B merged into A']);
    expect(await leads(hospital)).toEqual(['A → A', 'B → A']);
    expect(atRoche(hospital)).toEqual(['A Drei']);
    await sayAndEnd(hospital, { number: 'B', family: 'Vier', minute: 4 });
    await ended(hospital, work);
    expect(atRoche(hospital)).toEqual(['A Vier']);
  });

  it('should not turn round by an older merge that comes late', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: 'A', family: 'Eins', minute: 1 });
    await sayAndEnd(hospital, { event: 'A40', number: 'B', family: 'Zwei', prior: 'A', minute: 10 });
    await sayAndEnd(hospital, { event: 'A40', number: 'A', family: 'Drei', prior: 'B', minute: 5 });
    expect(await registry(hospital)).toEqual(['A merged into B', 'B active, at Roche']);
    expect(atRoche(hospital)).toEqual(['B Zwei']);
    expect(await states(hospital)).toContain('A40 superseded');
  });

  it('should end right when the create of the old number is on its way', async () => {
    await using hospital = await openPatientHospital(world, { createTimeoutMs: 15_000 }, { holdMs: 4000 });
    // Stored, and the answer never comes.
    hospital.roche.faults.order('patient-stored-hang');
    const old = await say(hospital, { number: '100', family: 'Alt', minute: 1 });
    await until(() => hospital.roche.patientTotals().creates === 1, WAIT_MS, 'the create');
    const { work } = await say(hospital, { event: 'A40', number: '200', family: 'Neu', prior: '100', minute: 2 });
    await ended(hospital, work);
    await ended(hospital, old.work);
    await ended(hospital, work);
    expect(hospital.roche.patientTotals()).toMatchObject({ patients: 1, creates: 1 });
    expect(atRoche(hospital)).toEqual(['200 Neu']);
    expect(await registry(hospital)).toEqual(['100 merged into 200', '200 active, at Roche']);
  });

  it('should wake what is parked under the old number', async () => {
    await using hospital = await openPatientHospital(world);
    hospital.roche.faults.order('patient-invalid');
    const old = await say(hospital, { number: '100', family: 'Falsch', minute: 1 });
    await patientStage(hospital, old.work, 'parked');
    const { work } = await sayAndEnd(hospital, { event: 'A40', number: '200', family: 'Neu', prior: '100', minute: 2 });
    await ended(hospital, old.work);
    await ended(hospital, work);
    expect(atRoche(hospital)).toEqual(['200 Neu']);
    await until(async () => (await states(hospital)).includes('A08 stale'), WAIT_MS, 'what was parked');
    expect((await states(hospital)).sort()).toEqual(['A08 forwarded', 'A08 stale', 'A40 merged']);
    expect(await rows(hospital, 'select code from alert where cleared_at is null')).toEqual([]);
  });

  it('should wait while Roche is held, with what waits for both numbers', async () => {
    await using hospital = await openPatientHospital(world);
    await orderRoche(hospital, 'hold');
    const old = await say(hospital, { number: '100', family: 'Alt', minute: 1 });
    await patientStage(hospital, old.work, 'waiting');
    const { work } = await say(hospital, { event: 'A40', number: '200', family: 'Neu', prior: '100', minute: 2 });
    await patientStage(hospital, work, 'waiting');
    await orderRoche(hospital, 'resume');
    await ended(hospital, old.work);
    await ended(hospital, work);
    await until(() => atRoche(hospital).includes('200 Neu'), WAIT_MS, 'the survivor');
    expect(atRoche(hospital)).toEqual(['200 Neu']);
  });

  it('should be taken back by people, after which both are patients of their own', async () => {
    await using hospital = await openPatientHospital(world);
    const old = await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 1 });
    await sayAndEnd(hospital, { event: 'A40', number: '200', family: 'Neu', prior: '100', minute: 2 });
    const unmerge = async (patients: readonly string[]): Promise<unknown> => {
      const { body } = await request(`${hospital.url}/operations/patients/unmerge`, {
        method: 'POST',
        headers: { authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}`, 'content-type': 'application/json' },
        body: JSON.stringify({ organization: hospital.organizationId, reason: 'a test', patients }),
      });
      return body.json();
    };
    const hash = old.work.split('/').at(-1);
    const refused = { patient: 'x', refused: expect.any(String) };
    expect(await unmerge([old.work, 'x'])).toEqual({ results: [{ patient: hash }, refused] });
    expect(await registry(hospital)).toEqual(['100 new', '200 active, at Roche']);
    expect(await leads(hospital)).toEqual(['100 → 100', '200 → 200']);
    await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 3 });
    await sayAndEnd(hospital, { number: '200', family: 'Neu', minute: 4 });
    expect(atRoche(hospital)).toEqual(['100 Alt', '200 Neu']);
    expect(taken(hospital).at(-1)).toBe('update 200 Neu');
    expect(await unmerge([old.work])).toEqual({ results: [{ patient: hash, refused: expect.any(String) }] });
    expect(await rows(hospital, 'select action, reason, details from decision')).toEqual([
      { action: 'patients-unmerge', reason: 'a test', details: { unmerged: 1 } },
    ]);
  });

  it('should go again after it was parked', async () => {
    await using hospital = await openPatientHospital(world);
    await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 1 });
    hospital.roche.faults.order('patient-invalid');
    const { work } = await say(hospital, { event: 'A40', number: '200', family: 'Neu', prior: '100', minute: 2 });
    await patientStage(hospital, work, 'parked');
    // The registry has it all the same.
    expect(await registry(hospital)).toEqual(['100 merged into 200, at Roche', '200 new']);
    expect(await leads(hospital)).toEqual(['100 → 200']);
    await repairPatient(hospital, work, { action: 'retry', ...decidedBy });
    await ended(hospital, work);
    expect(await registry(hospital)).toEqual(['100 merged into 200', '200 active, at Roche']);
  });

  it.each(['v1', 'v2'] as const)(
    'should rename a patient whose update arrived but was not answered (%s)',
    async (apiVersion) => {
      await using hospital = await openPatientHospital(world, { apiVersion });
      await sayAndEnd(hospital, { number: '100', family: 'Alt', minute: 1 });
      hospital.roche.faults.order('patient-stored-cut');
      await sayAndEnd(hospital, { event: 'A40', number: '200', family: 'Neu', prior: '100', minute: 2 });
      expect(atRoche(hospital)).toEqual(['200 Neu']);
      expect(await registry(hospital)).toEqual(['100 merged into 200', '200 active, at Roche']);
      await sayAndEnd(hospital, { number: '200', family: 'Zuletzt', minute: 3 });
      expect(atRoche(hospital)).toEqual(['200 Zuletzt']);
    },
  );
});
