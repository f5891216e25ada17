import unitTests from './jest.config.mjs';

/** Tests of the whole product: they start compiled programs, so one file at a time on a machine that is theirs. */
export default {
  ...unitTests,
  roots: ['<rootDir>/test'],
  testMatch: ['**/test/**/*.test.ts'],
  // Packages that lie here have unit tests beside their sources.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/[^/]+/src/'],
  modulePathIgnorePatterns: ['<rootDir>/test/dist'],
  testTimeout: 300_000,
  maxWorkers: 1,
};
