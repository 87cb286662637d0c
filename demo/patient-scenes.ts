/**
 * The HIS's part of the sample day: patients are registered, changed, refused, corrected and merged on their way to Roche,
 * and health data come back under the hospital's numbers.
 */
import { rmSync } from 'node:fs';
import type { HisEvent } from '../simulators/his/plan';
import type { Day, DayFile } from './day';
import { DemoError } from './demo-error';
import type { DemoHis } from './his';
import { typedPath } from './links';
import { ST_ANNA, ST_MARIEN } from './organizations';
import type { ExpectedPatients } from './patient-result';

/** Patients of the day's files whom the HIS registers in the morning, by the numbers that the day has for them. */
const MARIEN = { answerLost: 0, mother: 2, others: [4, 6], child: 8 } as const;
/** All of St. Anna's in the day's files: its data come back with a consent only, and a file about anybody else would stay parked. */
const ANNA = {
  survivor: 1,
  moved: 3,
  diagnosed: 5,
  others: [7, 9, 11, 13, 15, 23, 25, 27, 41, 43, 45, 47, 51, 53, 55, 57, 59, 60, 61, 66],
  prior: 64,
  unasked: 68,
} as const;
const ANNA_CONSENTED = [ANNA.survivor, ANNA.moved, ANNA.diagnosed, ...ANNA.others, ANNA.prior];
const ANNA_ALL = [...ANNA_CONSENTED, ANNA.unasked];

const FIRST_EVENTS: readonly HisEvent[] = ['A28', 'A04', 'A01', 'A05'];
const EMAIL = 'synthetic.family';
const LOOK_AGAIN_MS = 250;
const TYPE_2 = { snomed: '44054006', icd10: 'E11.9', text: 'Type 2 diabetes mellitus' } as const;

/** Patients that are there before the day. */
const REGISTERED = 2 + MARIEN.others.length + ANNA_ALL.length;
/** What the day brings, whatever the seed: five changes, a child who is registered and corrected, and a merge come to it. */
export const EXPECTED_PATIENTS: ExpectedPatients = {
  messages: REGISTERED + 5 + 2 + 1,
  patients: REGISTERED + 1,
  merged: 1,
  parked: 1,
};

export class PatientScenes {
  readonly #day: Day;
  readonly #marien: DemoHis;
  readonly #anna: DemoHis;

  constructor(day: Day) {
    this.#day = day;
    this.#marien = day.parts.his(ST_MARIEN);
    this.#anna = day.parts.his(ST_ANNA);
  }

  /** The hospitals register patients; one create ends nobody knows how, and one message is not answered. */
  async morning(): Promise<void> {
    const { tell, roche } = this.#day.parts;
    const marien = this.#marien;
    tell.say(
      'Before the day: the HIS of each hospital registers patients by ADT over MLLP, and Ductus creates them at Roche',
    );
    tell.bad('Roche stores the first patient, and its answer never comes: Ductus will look before it creates again');
    const hangs = (): number => roche.stats().faults['patient-stored-hang'] ?? 0;
    const before = hangs();
    roche.faults.order('patient-stored-hang');
    await marien.say({ event: 'A28', person: marien.person(MARIEN.answerLost) });
    await this.#day.roche('the create whose answer is lost', () => hangs() > before);
    await Promise.all([this.#registerMarien(), this.#registerAnna()]);
    if (marien.repeats > 0) {
      tell.good('A connection broke before the AA came: the HIS sent the message again, under the same MSH-10');
    }
    await this.#day.patients('the patients at Roche', ({ created }) => created >= REGISTERED);
    tell.good(`Roche has all ${String(REGISTERED)}`);
    tell.say('St. Anna wants data of patients who have consented only: the registration desk enters who has');
    await this.#registered();
    await this.#giveConsent(ANNA_CONSENTED, 'signed at the desk');
  }

  async #registerMarien(): Promise<void> {
    const his = this.#marien;
    const mother = { ...his.person(MARIEN.mother), email: this.#email };
    await his.say({ event: 'A04', person: mother, broken: true });
    for (const patient of MARIEN.others) await his.say({ event: 'A01', person: his.person(patient) });
  }

  async #registerAnna(): Promise<void> {
    const his = this.#anna;
    for (const [index, patient] of ANNA_ALL.entries()) {
      await his.say({ event: FIRST_EVENTS[index % FIRST_EVENTS.length] ?? 'A28', person: his.person(patient) });
    }
  }

  /** Changes; of two about one patient in a row, Roche may get the newer one only. */
  async changes(): Promise<void> {
    const { tell } = this.#day.parts;
    const [marien, anna] = [this.#marien, this.#anna];
    tell.say('Two patients move, one marries, and one gets a diagnosis: updates come from both hospitals');
    const moved = { street: 'Synthetic-Neue Gasse 7' };
    await Promise.all([
      (async () => {
        await marien.say({ event: 'A08', person: { ...marien.person(MARIEN.answerLost), ...moved } });
        const mother = { ...marien.person(MARIEN.mother), email: this.#email, family: 'Synthetic-Maier' };
        await marien.say({ event: 'A31', person: mother });
        await marien.say({ event: 'A08', person: { ...mother, family: 'Synthetic-Maier-Groß' } });
      })(),
      (async () => {
        await anna.say({ event: 'A08', person: { ...anna.person(ANNA.moved), ...moved } });
        await anna.say({ event: 'A31', person: { ...anna.person(ANNA.diagnosed), diabetes: TYPE_2 } });
      })(),
    ]);
  }

  /** Roche refuses a patient; the registration desk sees why, and the HIS's next message puts it right. */
  async refused(): Promise<void> {
    const { tell, readingMs } = this.#day.parts;
    const his = this.#marien;
    tell.say('A child is registered with the e-mail address of the mother, which Roche takes for one patient only');
    const child = his.person(MARIEN.child);
    const controlId = await his.say({ event: 'A28', person: { ...child, email: this.#email } });
    await this.#day.patients('the refusal by Roche', ({ parked }) => parked > 0);
    tell.bad(
      'Roche refuses the patient, who is parked; the registration desk finds in its worklist what to put right:',
    );
    const worklist = await this.#shown(['patients', 'worklist', '--organization', ST_MARIEN.id], controlId);
    if (!worklist.includes('Patient.telecom')) throw new DemoError('The worklist does not name what Roche refused.');
    await this.#day.pause(readingMs);
    await his.say({ event: 'A31', person: child });
    await this.#day.patients('the corrected patient at Roche', ({ missing }) => !missing.includes(child.number));
    tell.good('Corrected in the HIS: its next message went out by itself, and Roche has the child');
  }

  /** A file about a patient who was not asked yet. @param file the notification of it */
  async consent(file: DayFile): Promise<void> {
    const { tell, emrNumbers, readingMs } = this.#day.parts;
    tell.say("A file is about a patient of St. Anna who hasn't consented: it is parked, and nothing of it is sent");
    const code = 'DUCTUS_CONSENT_MISSING';
    await this.#shown(['parked', 'list', '--code', code], file.messageId);
    await this.#day.pause(readingMs);
    if (emrNumbers().has(this.#anna.person(ANNA.unasked).number)) {
      throw new DemoError('The EMR has data of a patient who has not consented.');
    }
    tell.say('The patient consents; the desk enters it, and the file goes on');
    await this.#giveConsent([ANNA.unasked], 'signed at the desk');
    await this.#run(['parked', 'retry', '--all', '--code', code, '--from', 'transform', '--reason', 'consent entered']);
    await this.#day.roche('the ACK of the file', ({ notifications }) =>
      notifications.some((one) => one.messageId === file.messageId && one.acks.length > 0),
    );
    tell.good('Delivered and acknowledged');
  }

  /** Until the registry has what Roche answered: a file that came before that would be parked. */
  async #registered(): Promise<void> {
    const list = ['--json', 'patients', 'list', '--organization', ST_ANNA.id, '--state', 'active', '--numbers'];
    const numbers = ANNA_ALL.map((patient) => this.#anna.person(patient).number);
    await this.#until(list, (output) => numbers.every((number) => output.includes(number)));
  }

  async #giveConsent(patients: readonly number[], reason: string): Promise<void> {
    const { file } = this.#day.parts;
    const numbers = patients.map((patient) => this.#anna.person(patient).number);
    const csv = file('consents.csv', ['number', ...numbers, ''].join('\n'));
    try {
      await this.#run([
        'patients',
        'consent',
        'give',
        typedPath(csv),
        '--organization',
        ST_ANNA.id,
        '--reason',
        reason,
      ]);
    } finally {
      rmSync(csv);
    }
  }

  /** Types a command for the reader. */
  async #run(args: readonly string[]): Promise<void> {
    const { tell, ductus } = this.#day.parts;
    tell.command(this.#typed(args));
    const { exitCode, output } = await ductus([...args, '--by', 'demo']);
    tell.output(output);
    if (exitCode !== 0) throw new DemoError(`\`ductus ${args.join(' ')}\` failed.`);
  }

  /** Types a command for the reader, and shows what it answers once that has a text. */
  async #shown(args: readonly string[], text: string): Promise<string> {
    const { tell } = this.#day.parts;
    tell.command(this.#typed(args));
    const output = await this.#until(args, (found) => found.includes(text));
    tell.output(output);
    return output;
  }

  async #until(args: readonly string[], holds: (output: string) => boolean): Promise<string> {
    const { ductus, patienceMs } = this.#day.parts;
    const end = Date.now() + patienceMs;
    for (;;) {
      const { output } = await ductus(args);
      if (holds(output)) return output;
      if (Date.now() > end) throw new DemoError(`\`ductus ${args.join(' ')}\` does not show what it should.`, output);
      await this.#day.pause(LOOK_AGAIN_MS);
    }
  }

  #typed(args: readonly string[]): string {
    return [this.#day.parts.command, ...args.map((each) => (each.includes(' ') ? `"${each}"` : each))].join(' ');
  }

  /** Two records of one person become one. */
  async merge(): Promise<void> {
    const { tell } = this.#day.parts;
    const his = this.#anna;
    tell.say('St. Anna merges two records of one patient (A40)');
    const survivor = his.person(ANNA.survivor);
    await his.say({ event: 'A40', person: survivor, priorNumber: his.person(ANNA.prior).number });
    await this.#day.patients('the merge at Roche', ({ merged }) => merged > 0);
    tell.good('Roche has the survivor; what comes for the old number will go to the one that stays');
  }

  /** Looks at what the EMR got for the number that had ended, and waits for all that is on its way. */
  async evening(): Promise<void> {
    const { tell, roche, emrNumbers, patients } = this.#day.parts;
    const [survivor, prior] = [ANNA.survivor, ANNA.prior].map((patient) => this.#anna.person(patient).number);
    const numbers = emrNumbers();
    if (survivor === undefined || prior === undefined || !numbers.has(survivor) || numbers.has(prior)) {
      throw new DemoError("The EMR does not have the merged patient's data under the number that stays.");
    }
    tell.good("Data that Roche shared under the merged patient's old number are in the EMR under the one that stays");
    await this.#day.patients('the last state of every patient at Roche', ({ missing }) => missing.length === 0);
    const { number } = this.#marien.person(MARIEN.answerLost);
    const [first, ...others] = roche.patientStats().accepted.filter(({ identifier }) => identifier.value === number);
    if (first?.operation === 'create' && others.every(({ operation }) => operation === 'update')) {
      tell.good('The patient whose create was not answered was found at Roche and updated, not created again');
    }
    const { received, duplicated } = patients();
    if (duplicated.length === 0) {
      tell.good(`All ${String(received)} messages of the HIS are at Roche, in order, each patient once`);
    }
  }

  /** Unique at Roche, as long as nobody else of the family has it. */
  get #email(): string {
    return `${EMAIL}.${this.#marien.person(MARIEN.mother).number.toLowerCase()}@example.org`;
  }
}
