/** `npm run record:histories`: plays each way that work can go, and stores what Temporal recorded. */
module.exports = {
  ...require('../jest.config.cjs'),
  rootDir: '..',
  testMatch: ['<rootDir>/test/replay/record.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
};
