/** The last step of the set-up: makes sure that there is a `temporal` program, and says what it takes to get one. */
import { findTemporalBinary } from '../src/runtime/embedded/temporal-binary';

findTemporalBinary({ log: (line) => console.error(`set-up: ${line}`) }).catch((error: unknown) => {
  console.error(`set-up: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
