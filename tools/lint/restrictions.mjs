import { builtinModules } from 'node:module';

const builtins = builtinModules.filter((name) => !name.startsWith('_'));

/** ESLint lets the last block that sets a rule win, so blocks that forbid more start from these lists. */
export const restrictedEverywhere = [
  {
    selector: 'CallExpression[callee.object.name="jest"][callee.property.name=/^(mock|doMock|setMock|unstable_mockModule)$/]',
    message: 'A mocked module tests the mock. Pass the dependency in, or use the fake that its port ships.',
  },
  {
    selector: 'ExportAllDeclaration',
    message: 'The public surface of a package is a list that somebody wrote: name what you export.',
  },
  {
    selector: 'ExportDefaultDeclaration',
    message: 'A default export has another name in every file that imports it: export it by name.',
  },
  {
    // Not of a constructor or of its parameters: the language has no #private for them.
    selector: ':matches(PropertyDefinition, MethodDefinition[kind!="constructor"])[accessibility="private"]',
    message: 'Private at run time, too: write #name.',
  },
];

/** For product code, not for tests. */
export const restrictedInProduct = [
  ...restrictedEverywhere,
  {
    selector:
      ':matches(FunctionDeclaration, ArrowFunctionExpression, :not(MethodDefinition[kind="constructor"]) > FunctionExpression)[params.length>3]:not([params.length=4][params.3.name="signal"])',
    message: 'Nobody remembers the order of more than three parameters (and a signal): take the rest as one options object.',
  },
  {
    selector: 'MethodDefinition[kind="constructor"] > FunctionExpression[params.length>4]',
    message: 'A constructor with more than four parameters wants one object of named dependencies.',
  },
];

const environment = 'MemberExpression[object.name="process"][property.name="env"]';
const onlyConfigReads =
  'Only config.ts of a program reads the environment, once, and reports all that is wrong with it: take the value as an argument.';

export const restrictedOutsideConfig = [
  ...restrictedInProduct,
  { selector: environment, message: onlyConfigReads },
  { selector: 'ImportDeclaration[source.value=/^(node:)?process$/] ImportSpecifier[imported.name="env"]', message: onlyConfigReads },
];

/** A composition root hands the whole environment on to config.ts and does not look into it. */
export const restrictedInMain = [...restrictedInProduct, { selector: `:not(CallExpression) > ${environment}`, message: onlyConfigReads }];

/** What makes a decision depend on when and where it runs. */
export const restrictedInCore = [
  ...restrictedOutsideConfig,
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'The core does not know what time it is: take a Clock.' },
  {
    selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]',
    message: 'The core does not know what time it is: take a Clock.',
  },
  { selector: 'CallExpression[callee.name="Date"]', message: 'The core does not know what time it is: take a Clock.' },
  {
    selector: 'MemberExpression[object.name="Math"][property.name="random"]',
    message: 'The core draws no lots of its own: take a Random, which a test can seed.',
  },
];

const noIo = 'The core does no I/O: declare a port for it here, and implement the port in an adapter.';
const noTimers = 'The core does not wait on the machine’s clock: take a Clock, whose time a test can turn.';

export const globalsRestrictedInCore = [
  ...['process', 'fetch', 'console', 'Buffer', 'WebSocket'].map((name) => ({ name, message: noIo })),
  ...['setTimeout', 'setInterval', 'setImmediate', 'performance'].map((name) => ({ name, message: noTimers })),
  { name: 'crypto', message: 'The core draws no lots of its own: take a Random, which a test can seed.' },
];

export const fakesAreForTests = {
  group: ['@facehash/*/testing', '@facehash/testing', '**/testing/index.js'],
  message: 'Fakes, builders and contract suites are for tests: product code takes the real thing.',
};

export const importsRestrictedInCore = { group: ['node:*', ...builtins], message: noIo };
