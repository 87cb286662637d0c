/** A short run of `npm run fuzz`, from one seed. */
import { runRound } from './run';
import { createTargets } from './targets';

const ROUNDS = 400;

describe('the doors of the HIS', () => {
  const targets = createTargets();

  it.each(targets.map((target) => ({ name: target.name, target })))(
    'should bear any input: $name',
    async ({ target }) => {
      for (let seed = 1; seed <= ROUNDS; seed += 1) await runRound([target], seed);
    },
  );
});
