/** A short run of `npm run fuzz`, from one seed. */
import { runRound } from './run';
import { createTargets } from './targets';

const ROUNDS = 400;
/** Seeds that found a defect: a time, and a number, that hold the sender's own subcomponent delimiter. */
const FOUND = [606_140_394, 609_399_720];

describe('the doors of the HIS', () => {
  const targets = createTargets();

  it.each(targets.map((target) => ({ name: target.name, target })))(
    'should bear any input: $name',
    async ({ target }) => {
      for (const seed of FOUND) await runRound([target], seed);
      for (let seed = 1; seed <= ROUNDS; seed += 1) await runRound([target], seed);
    },
  );
});
