import nx from '@nx/eslint-plugin';

/** Everything a test may need that the code beside it may not. */
const testLibraries = ['fast-check'];

const mayUse = (sourceTag, ...tags) => ({ sourceTag, onlyDependOnLibsWithTags: tags });
const andOnlyPackages = (...names) => ({ allowedExternalImports: [...names, ...testLibraries] });

/**
 * One direction: app → application, adapter, runtime → domain → kernel. Adapters never see each other, and only the composition root of
 * a program sees adapters. The pure layers name the few packages that they may import; the others may import what they declare.
 */
const layers = [
  { ...mayUse('layer:kernel', 'layer:kernel', 'layer:testing'), ...andOnlyPackages() },
  { ...mayUse('layer:domain', 'layer:kernel', 'layer:domain', 'layer:testing'), ...andOnlyPackages('zod') },
  // What two programs do alike, for the application of each.
  { ...mayUse('layer:application-core', 'layer:kernel', 'layer:domain', 'layer:testing'), ...andOnlyPackages('zod') },
  {
    ...mayUse('layer:application', 'layer:kernel', 'layer:domain', 'layer:application-core', 'layer:runtime', 'layer:testing'),
    ...andOnlyPackages('zod'),
  },
  mayUse('layer:adapter', 'layer:kernel', 'layer:domain', 'layer:testing'),
  mayUse('layer:runtime', 'layer:kernel', 'layer:testing'),
  mayUse('layer:testing', 'layer:kernel', 'layer:testing'),
  mayUse(
    'layer:app',
    ...['kernel', 'domain', 'application-core', 'application', 'adapter', 'runtime', 'testing'].map((name) => `layer:${name}`),
  ),
  mayUse(
    'layer:testing-app',
    ...['kernel', 'domain', 'application-core', 'application', 'adapter', 'runtime', 'testing', 'testing-app'].map(
      (name) => `layer:${name}`,
    ),
  ),
];

/** The programs are separate: what the operator may do, the part that faces the internet must not be able to do. */
const scopes = [
  mayUse('scope:shared', 'scope:shared'),
  mayUse('scope:inference', 'scope:shared', 'scope:inference'),
  mayUse('scope:trainer', 'scope:shared', 'scope:trainer'),
  mayUse('scope:operator', 'scope:shared', 'scope:operator'),
  mayUse('scope:cli', 'scope:shared', 'scope:cli'),
  mayUse('scope:build', 'scope:shared', 'scope:build'),
  mayUse('scope:test', '*'),
];

/** Messaging within one process is also what tests of the application run on: it is the real thing, and as quick as a fake. */
const layersForTests = [
  mayUse(
    'layer:application',
    ...['kernel', 'domain', 'application-core', 'application', 'runtime', 'testing'].map((name) => `layer:${name}`),
    'double:in-process',
  ),
  ...layers.filter(({ sourceTag }) => sourceTag !== 'layer:application'),
];

/** Adapters are tested on the real servers, which product code must not know how to start. */
const scopesForTests = scopes.map(({ sourceTag, onlyDependOnLibsWithTags }) =>
  mayUse(sourceTag, ...onlyDependOnLibsWithTags, 'double:server'),
);

/** Set-up runs before there is any package, so it is none; what builds things into the same cache uses the same lock, the same moves and the same words. */
const sharedWithSetUp = ['cache', 'lock', 'set-up-error'].map((name) => `../../../tools/setup/${name}.mjs`);

/** Module boundaries by the tags in each package.json. Needs Nx's project graph: run ESLint through `nx`, else the rule checks nothing. */
export const boundaries = {
  files: ['**/*.ts'],
  plugins: { '@nx': nx },
  rules: {
    '@nx/enforce-module-boundaries': ['error', { allow: sharedWithSetUp, depConstraints: [...layers, ...scopes] }],
  },
};

export const boundariesForTests = {
  // What tests share lies in folders of that name.
  files: ['**/*.test.ts', '**/src/testing/**/*.ts'],
  rules: {
    '@nx/enforce-module-boundaries': ['error', { allow: [], depConstraints: [...layersForTests, ...scopesForTests] }],
  },
};
