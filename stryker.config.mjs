/**
 * `npm run test:mutation`: changes the transforms in small ways, one at a time, and looks whether a test notices.
 * All of it takes long (docs/guide/benchmarks.md says how long); a part of it:
 *
 *   npm run test:mutation -- --mutate 'src/transforms/model/*.ts'
 *
 * Tables are left out, since each change of one needs all tests; DUCTUS_MUTATION_STATIC=1 takes them in.
 *
 * Prints the score and what survived; the page is reports/mutation/index.html. What did not change since the last run is
 * not tested again (`--force` does).
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  mutate: ['src/transforms/**/*.ts'],
  plugins: ['@stryker-mutator/jest-runner', './scripts/mutation-ignore.mjs'],
  ignorers: ['words-for-people'],
  testRunner: 'jest',
  jest: { projectType: 'custom', configFile: 'test/jest.mutation.cjs', enableFindRelatedTests: false },
  // Several dependencies are ES modules only, see jest.config.cjs.
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  coverageAnalysis: 'perTest',
  // Code that runs while a file is loaded (tables) needs all tests for each change; golden files see most of it.
  ignoreStatic: process.env.DUCTUS_MUTATION_STATIC === undefined,
  // What swc compiles has no types; the sources stay as they are.
  disableTypeChecks: false,
  concurrency: 2,
  // Beside half as much again as the tests take undisturbed.
  timeoutMS: 20_000,
  // Work files: below .ductus, which nothing else reads and git does not keep.
  tempDirName: '.ductus/mutation',
  incremental: true,
  incrementalFile: '.ductus/mutation.json',
  ignorePatterns: ['.ductus', 'dist', 'docs', '/*.md', 'coverage', 'demo', 'bench'],
  reporters: ['clear-text', 'progress-append-only', 'html'],
  clearTextReporter: { logTests: false, allowColor: false, reportTests: false, reportScoreTable: true },
  htmlReporter: { fileName: 'reports/mutation/index.html' },
  thresholds: { high: 90, low: 80, break: null },
};
