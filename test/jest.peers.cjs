/** `npm run test:peers`: the contract tests on other makers' servers, which `scripts/install-peers.mjs` installs. */
module.exports = {
  ...require('../jest.config.cjs'),
  rootDir: '..',
  testMatch: ['<rootDir>/test/**/peers/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
};
