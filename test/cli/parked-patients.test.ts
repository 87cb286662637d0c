/** `ductus parked show <work> --patients`: which number is missing, read from the file, and who looked. */
import { Client as PgClient } from 'pg';
import { correctionBundle, SAMPLE_AUTHORITY, samplePatient } from '../../simulators/roche-dc/sample-data';
import { openHospital, startWorld, type Hospital, type World } from '../support/ductus';
import { acknowledged, bundle, parked, share } from '../support/hospital-steps';
import { operatorOf } from '../support/operator';
import { testTemporalAddress } from '../support/temporal';
import { temporaryFolder } from '../support/temporary-folder';

let world: World;
beforeAll(async () => {
  world = await startWorld(testTemporalAddress());
});
afterAll(() => world.stop());

/** Every row of the ledger and of the audit as text. */
async function everythingStored(hospital: Hospital): Promise<string> {
  const client = new PgClient({ connectionString: hospital.storeUrl });
  await client.connect();
  const tables = ['notification', 'message', 'decision', 'audit_event', 'alert', 'turn', 'delivered_resource'];
  const texts: string[] = [];
  for (const name of tables) texts.push(JSON.stringify((await client.query(`select * from ${name}`)).rows));
  await client.end();
  return texts.join('\n');
}

describe('ductus parked show --patients', () => {
  it('should name the number that the cross-reference lacks, and leave the look in the audit', async () => {
    await using hospital = await openHospital(world, {
      organization: { patientIdentity: { source: 'registry' } },
    });
    using folder = temporaryFolder();
    const operator = operatorOf(hospital, folder.path);
    const { messageId } = await share(hospital, bundle(41));
    await parked(hospital, messageId);
    const id = hospital.workflowId(messageId);
    const { id: number } = samplePatient(41);

    const plain = await operator.run('parked', 'show', id);
    expect(plain.stdout).toContain('`ductus parked show <work> --patients` names the number');
    expect(plain.stdout).not.toContain(number);

    const shown = await operator.run('parked', 'show', id, '--patients');
    expect(shown.stdout).toMatch(new RegExp(`${SAMPLE_AUTHORITY} +${number} +is missing in the cross-reference`));
    const { lines } = await operator.json('parked', 'show', id, '--patients');
    expect(lines).toEqual([
      expect.objectContaining({
        workflowId: id,
        patients: [{ sourceSystem: SAMPLE_AUTHORITY, sourceValue: number, missing: true }],
        moved: [],
      }),
    ]);

    const looks = await operator.json('audit', 'list', '--kind', 'payload-read');
    expect(looks.lines.map((line) => JSON.stringify(line))).toEqual([
      expect.stringContaining(id),
      expect.stringContaining(id),
    ]);
    expect(JSON.stringify(looks.lines)).not.toContain(number);
    expect(await everythingStored(hospital)).not.toContain(number);
    expect(hospital.logLines.join('')).not.toContain(number);
  });

  it('should name the resources that the destination has under another patient', async () => {
    await using hospital = await openHospital(world);
    using folder = temporaryFolder();
    const operator = operatorOf(hospital, folder.path);
    const file = bundle(42);
    await share(hospital, file);
    await acknowledged(hospital);
    const correction = correctionBundle(file, { seed: 1, corrected: 1 });
    const [reading] = (correction.entry ?? []).flatMap(({ resource }) =>
      resource?.resourceType === 'Observation' ? [`Observation/${resource.id ?? ''}`] : [],
    );
    const moved = JSON.stringify(correction).replaceAll(samplePatient(42).id, samplePatient(43).id);
    const { messageId } = await share(hospital, moved);
    await parked(hospital, messageId);
    const shown = await operator.run('parked', 'show', hospital.workflowId(messageId), '--patients');
    expect(shown.stdout).toContain(`The destination has under another patient:\n  ${reading ?? '?'}\n`);
    expect(shown.stdout).toMatch(new RegExp(`${samplePatient(43).id} +goes as it is`));
    expect(shown.stdout).not.toContain(samplePatient(42).id);
  });
});
