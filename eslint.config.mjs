import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { boundaries, boundariesForTests } from './tools/lint/boundaries.mjs';
import { coreLayers, packagesTagged } from './tools/lint/layers.mjs';
import {
  fakesAreForTests,
  globalsRestrictedInCore,
  importsRestrictedInCore,
  restrictedEverywhere,
  restrictedInCore,
  restrictedInMain,
  restrictedInProduct,
  restrictedOutsideConfig,
} from './tools/lint/restrictions.mjs';

const core = packagesTagged(coreLayers).map((folder) => `${folder}/src/**/*.ts`);
const tests = ['**/*.test.ts', '**/testing/**/*.ts', 'libs/testing/**/*.ts', 'test/**/*.ts'];
const scripts = ['**/*.mjs', '**/*.cjs'];
/** What browsers run as it stands; its types are checked by its own tsconfig. */
const page = ['services/inference/page/*.js'];

/** Names that exist without an import; TypeScript knows them by itself. */
const known = (...names) => ({ globals: Object.fromEntries(names.map((name) => [name, 'readonly'])) });
const ofTime = ['performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate'];
const ofNode = ['process', 'console', 'Buffer', 'URL', 'fetch', 'AbortController', 'AbortSignal', ...ofTime];
const ofBrowsers = [
  ...[
    'window',
    'document',
    'location',
    'history',
    'navigator',
    'parent',
    'sessionStorage',
    'addEventListener',
    'setTimeout',
    'clearTimeout',
  ],
  ...['fetch', 'URL', 'URLSearchParams', 'AbortController', 'AbortSignal', 'DOMException', 'DOMParser', 'TextDecoderStream'],
  ...['HTMLElement', 'HTMLButtonElement', 'HTMLDataListElement', 'HTMLDialogElement', 'HTMLFormElement', 'HTMLIFrameElement'],
  ...['HTMLImageElement', 'HTMLInputElement', 'HTMLProgressElement', 'HTMLVideoElement', 'SVGCircleElement'],
];
const ofJest = ['describe', 'it', 'expect', 'beforeEach', 'afterEach'];

// Later blocks win: from what holds for every file to what holds for the core alone.
export default defineConfig(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', 'coverage/**', 'data/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.tests.json', tsconfigRootDir: fileURLToPath(new URL('.', import.meta.url)) } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // It does not know that `signal.aborted` or a variable of a closure may change during an await, which is what we check for.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // `reject(signal.reason)`: what aborted the wait is passed on as it is.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
      // A number in a message reads as itself.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `() => list.push(x)` is the shortest way to say so.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Nest modules are classes that only carry a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
    },
  },
  boundaries,
  boundariesForTests,
  // Every file.
  {
    files: ['**/*.ts', ...scripts, ...page],
    rules: {
      'max-lines': ['error', { max: 400 }],
      // A switch counts once, however many cases it has.
      complexity: ['error', { max: 10, variant: 'modified' }],
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...restrictedEverywhere],
    },
  },
  // Product code and the scripts around it: a test may be one long list of cases.
  {
    files: ['**/*.ts', ...scripts, ...page],
    ignores: [...tests, '**/*.test.mjs'],
    rules: { 'max-lines-per-function': ['error', { max: 50 }], 'no-restricted-syntax': ['error', ...restrictedInProduct] },
  },
  // Product code.
  {
    files: ['**/*.ts'],
    ignores: tests,
    rules: {
      'no-restricted-syntax': ['error', ...restrictedOutsideConfig],
      'no-restricted-imports': ['error', { patterns: [fakesAreForTests] }],
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
    },
  },
  {
    files: ['{services,operator,deploy}/*/src/{,acceptance/}config.ts'],
    rules: { 'no-restricted-syntax': ['error', ...restrictedInProduct] },
  },
  { files: ['{services,operator,deploy}/*/src/{,acceptance/}main.ts'], rules: { 'no-restricted-syntax': ['error', ...restrictedInMain] } },
  // Kernel, domain and application: no I/O, no clock, no dice.
  {
    files: core,
    ignores: tests,
    rules: {
      'no-restricted-syntax': ['error', ...restrictedInCore],
      'no-restricted-globals': ['error', ...globalsRestrictedInCore],
      'no-restricted-imports': ['error', { patterns: [fakesAreForTests, importsRestrictedInCore] }],
    },
  },
  // Where the kernel meets the machine: the clock and the two users of node:crypto that everything else takes as arguments.
  {
    files: ['libs/kernel/src/digest.ts', 'libs/kernel/src/system-random.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [fakesAreForTests, { ...importsRestrictedInCore, group: [...importsRestrictedInCore.group, '!node:crypto'] }] },
      ],
    },
  },
  {
    files: ['libs/kernel/src/clock.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-syntax': ['error', ...restrictedOutsideConfig] },
  },
  {
    files: tests,
    rules: {
      // Tests read answers of the product and builders fill in the rest: there an assertion is a shorthand and not a risk.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      // A fake implements an asynchronous port without waiting for anything.
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: scripts, languageOptions: known(...ofNode) },
  { files: page, languageOptions: known(...ofBrowsers) },
  { files: ['**/*.test.mjs'], languageOptions: known(...ofJest) },
  // Tools look for a default export in their configuration.
  { files: ['**/*.config.mjs'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs' } },
);
