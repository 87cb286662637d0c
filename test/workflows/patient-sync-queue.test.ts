/** What waits for one patient: the place of a change, what is dropped, and what a newer one makes of a refused one. */
import fc from 'fast-check';
import type { PatientChange } from '../../src/domain/patient-sync';
import { PatientQueue } from '../../src/workflows/patient-sync-queue';

interface Made {
  readonly id: string;
  readonly connection?: string;
  readonly sequence?: number;
  readonly at?: number;
  readonly kind?: PatientChange['kind'];
  readonly size?: number;
}

function change({ id, connection = id, sequence = 1, at = 0, kind = 'upsert', size = 10 }: Made): PatientChange {
  return {
    id,
    origin: { source: 'adt', connection, sequence, controlId: id, digest: id },
    event: kind === 'merge' ? 'A40' : 'A08',
    kind,
    eventAtMs: at,
    receivedAtMs: 0,
    content: { form: 'hl7', text: 'x'.repeat(size) },
  };
}

function queueOf(...made: readonly Made[]): PatientQueue {
  const queue = new PatientQueue();
  for (const one of made) queue.add(change(one));
  return queue;
}

describe('PatientQueue', () => {
  it('should go by place within a connection and by time across, with ties by arrival', () => {
    expect(
      queueOf(
        { id: 'a2', connection: 'a', sequence: 2, at: 20 },
        { id: 'a1', connection: 'a', sequence: 1, at: 90 },
        { id: 'b', at: 10 },
        { id: 'c', at: 20 },
      ).ids,
    ).toEqual(['b', 'a1', 'a2', 'c']);
    // Late, and by its time the last: not behind what came after it on its own connection.
    expect(
      queueOf(
        { id: 'a2', connection: 'a', sequence: 2, at: 10 },
        { id: 'b', at: 20 },
        { id: 'a1', connection: 'a', sequence: 1, at: 30 },
      ).ids,
    ).toEqual(['a1', 'a2', 'b']);
  });

  it('should have the newest of one connection last, in whatever order its changes come, and whatever else comes', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([1, 2, 3, 4, 5, 6], { minLength: 1 }),
        fc.array(fc.nat(20)),
        (sequences, others) => {
          const queue = new PatientQueue();
          for (const sequence of sequences)
            queue.add(change({ id: `a${String(sequence)}`, connection: 'a', sequence, at: 10 }));
          // Older ones of other connections never come behind it.
          for (const [index, at] of others.entries()) queue.add(change({ id: `o${String(index)}`, at: at - 21 }));
          expect(queue.newest?.id).toBe(`a${String(Math.max(...sequences))}`);
          expect(queue.ids).toHaveLength(sequences.length + others.length);
        },
      ),
    );
  });

  it('should drop the oldest when there are too many, but no merge and never the newest', () => {
    const many = Array.from({ length: 30 }, (_, index) => ({ id: String(index), at: index }));
    const queue = queueOf({ id: 'merge', at: -1, kind: 'merge' }, ...many);
    expect(queue.trim()).toEqual(many.slice(0, 11).map(({ id }) => id));
    expect(queue.ids).toEqual(['merge', ...many.slice(11).map(({ id }) => id)]);
    expect(queue.trim()).toEqual([]);
  });

  it('should keep the newest that says something of diagnoses: a newer one without does not take them back', () => {
    const queue = queueOf(...Array.from({ length: 30 }, (_, index) => ({ id: String(index), at: index })));
    const diagnosed = (id: string, at: number, content: PatientChange['content']): PatientChange => ({
      ...change({ id, at }),
      content,
    });
    queue.add(diagnosed('hl7', -2, { form: 'hl7', text: 'MSH|^~\\&|\rPID|1\rDG1|||E10.9^^I10\r' }));
    expect(queue.trim()).not.toContain('hl7');
    const json = '{"entry":[{"resource":{"resourceType":"Condition"}}]}';
    queue.add(diagnosed('fhir', -1, { form: 'fhir', version: 'R4', json }));
    expect(queue.trim()).toContain('hl7');
    expect(queue.ids).toContain('fhir');
    expect(queue.ids).toHaveLength(20);
  });

  it('should drop the oldest when they are too large, and keep one that is too large alone', () => {
    const queue = queueOf({ id: 'a', at: 1, size: 200_000 }, { id: 'b', at: 2, size: 200_000 });
    expect(queue.trim()).toEqual(['a']);
    expect(queueOf({ id: 'c', size: 900_000 }).trim()).toEqual([]);
  });

  it('should take out what was refused, with what it stood for, and keep merges and what is newer', () => {
    const queue = queueOf(
      { id: 'old', at: 1 },
      { id: 'merge', at: 2, kind: 'merge' },
      { id: 'refused', at: 3 },
      { id: 'new', at: 4 },
    );
    expect(queue.dropRefused('refused')).toEqual(['old', 'refused']);
    expect(queue.ids).toEqual(['merge', 'new']);
  });
});
