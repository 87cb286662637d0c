/**
 * Properties with the same inputs in every run, fewer of them, and no search for the smallest one that fails: a mutation
 * test compares runs, so that what differs must be the code, and it runs thousands of times.
 */
import fc from 'fast-check';

fc.configureGlobal({ seed: 1, numRuns: 25, endOnFailure: true });
