/** Runs the contract tests on other people's servers: `node scripts/install-peers.mjs` first. Not part of `npm test`. */
const { transform, moduleNameMapper } = require('../../../jest.config.cjs');

module.exports = {
  testEnvironment: 'node',
  rootDir: '../../..',
  roots: ['<rootDir>/test/contract/peers'],
  testMatch: ['**/*.peer.ts'],
  transform,
  moduleNameMapper,
  testTimeout: 60_000,
};
