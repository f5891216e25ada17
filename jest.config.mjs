/** Unit and contract tests: TypeScript sources through swc, packages of this repository by their `@facehash/source` export. */
export default {
  testEnvironment: '<rootDir>/libs/testing/jest-environment.cjs',
  testEnvironmentOptions: { customExportConditions: ['@facehash/source', 'node', 'node-addons'] },
  roots: ['<rootDir>/libs', '<rootDir>/services', '<rootDir>/operator', '<rootDir>/deploy', '<rootDir>/tools', '<rootDir>/test/servers'],
  testMatch: ['**/src/**/*.test.ts', '**/tools/**/*.test.mjs', '**/steps/**/*.test.mjs'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2023',
        },
        module: { type: 'es6' },
      },
    ],
  },
  testTimeout: 60_000,
  maxWorkers: 2,
};
