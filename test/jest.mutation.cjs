/** For `npm run test:mutation`: the tests of the transforms, which need no server, and properties with the same inputs each time. */
const { globalSetup, globalTeardown, ...common } = require('../jest.config.cjs');

module.exports = {
  ...common,
  rootDir: '..',
  roots: ['<rootDir>/test/transforms'],
  setupFiles: ['<rootDir>/test/support/fixed-properties.ts'],
};
