/** A few lines that break one rule of the architecture, and what the lint must say about them. */
export interface Canary {
  readonly what: string;
  /** The file whose place, and so whose package and layer, the lines take. */
  readonly as: string;
  readonly code: string;
  /** Left out: these lines are fine, and show that the rule does not simply refuse everything. */
  readonly refused?: { readonly rule: string; readonly saying: string };
}

const crossing = (saying: string) => ({ rule: '@nx/enforce-module-boundaries', saying });
const syntax = (saying: string) => ({ rule: 'no-restricted-syntax', saying });
const imports = (saying: string) => ({ rule: 'no-restricted-imports', saying });
const globals = (saying: string) => ({ rule: 'no-restricted-globals', saying });

const domain = 'libs/lifecycle/src/index.ts';
const application = 'libs/recognition/src/index.ts';
const adapter = 'libs/object-store/fs/src/index.ts';
const inference = 'services/inference/src/main.ts';
const aTest = 'test/architecture/lint.test.ts';

export const canaries: readonly Canary[] = [
  // layers
  {
    what: 'the kernel imports a domain package, all of which stand on the kernel',
    as: 'libs/kernel/src/index.ts',
    code: `import '@facehash/facemodel';`,
    refused: crossing('Circular dependency'),
  },
  {
    what: 'the kernel imports a library',
    as: 'libs/kernel/src/index.ts',
    code: `import 'zod';`,
    refused: crossing('"layer:kernel" is not allowed to import "zod"'),
  },
  {
    what: 'a domain package imports an adapter',
    as: domain,
    code: `import '@facehash/object-store-fs';`,
    refused: crossing('"layer:domain" can only depend on'),
  },
  {
    what: 'a domain package imports a framework',
    as: domain,
    code: `import '@nestjs/common';`,
    refused: crossing('"layer:domain" is not allowed to import "@nestjs/common"'),
  },
  {
    what: 'an application package imports an adapter',
    as: application,
    code: `import '@facehash/registry-sqlite';`,
    refused: crossing('"layer:application" can only depend on'),
  },
  {
    what: 'an application package imports a driver, if only a type of it',
    as: application,
    code: `export type { Options } from 'sharp';`,
    refused: crossing('"layer:application" is not allowed to import "sharp"'),
  },
  {
    what: 'an adapter imports another adapter',
    as: adapter,
    code: `import '@facehash/registry-sqlite';`,
    refused: crossing('"layer:adapter" can only depend on'),
  },
  {
    what: 'an adapter imports an application package',
    as: adapter,
    code: `import '@facehash/recognition';`,
    refused: crossing('"layer:adapter" can only depend on'),
  },
  {
    what: 'the testing package imports a domain package',
    as: 'libs/testing/src/index.ts',
    code: `import '@facehash/facemodel';`,
    refused: crossing('"layer:testing" can only depend on'),
  },
  {
    what: 'an adapter starts a server by what the tests start theirs with',
    as: adapter,
    code: `import '@facehash/test-servers';`,
    refused: crossing('"scope:shared" can only depend on'),
  },
  {
    what: 'the program that faces the internet imports what belongs to the trainer',
    as: inference,
    code: `import '@facehash/training';`,
    refused: crossing('"scope:inference" can only depend on'),
  },
  {
    what: 'the trainer imports what belongs to the HTTP program',
    as: 'services/trainer/src/main.ts',
    code: `import '@facehash/enrolment';`,
    refused: crossing('"scope:trainer" can only depend on'),
  },
  {
    what: 'a program imports the converter of the networks, which is for set-up alone',
    as: inference,
    code: `import '@facehash/vision-networks';`,
    refused: crossing('"scope:inference" can only depend on'),
  },
  {
    what: 'a package reaches into another by a relative path',
    as: domain,
    code: `import '../../kernel/src/clock.js';`,
    refused: crossing('cannot be imported by a relative or absolute path'),
  },
  {
    what: 'a program imports an adapter, an application package and the kernel',
    as: inference,
    code: `import '@facehash/kernel';\nimport '@facehash/object-store-fs';\nimport '@facehash/recognition';\n`,
  },
  {
    what: 'a domain package imports the kernel and its schema library',
    as: domain,
    code: `import '@facehash/kernel';\nimport 'zod';\n`,
  },
  // the core has no I/O, no clock, no dice
  { what: 'the core opens files', as: domain, code: `import 'node:fs';`, refused: imports('declare a port') },
  {
    what: 'the core opens files by the old name of the module',
    as: domain,
    code: `import 'fs/promises';`,
    refused: imports('declare a port'),
  },
  {
    what: 'another file of the kernel than its two imports node:crypto',
    as: 'libs/kernel/src/index.ts',
    code: `import 'node:crypto';`,
    refused: imports('declare a port'),
  },
  {
    what: 'a file of the kernel that may import node:crypto imports more',
    as: 'libs/kernel/src/digest.ts',
    code: `import 'node:fs';`,
    refused: imports('declare a port'),
  },
  { what: 'the kernel takes digests from node:crypto', as: 'libs/kernel/src/digest.ts', code: `import 'node:crypto';\n` },
  { what: 'the core looks at the process', as: application, code: `export const id = process.pid;`, refused: globals('declare a port') },
  { what: 'the core calls the network', as: application, code: `await fetch('http://localhost');`, refused: globals('declare a port') },
  { what: 'the core waits by itself', as: application, code: `setTimeout(() => undefined, 10);`, refused: globals('take a Clock') },
  { what: 'the core reads the time', as: domain, code: `export const at = Date.now();`, refused: syntax('take a Clock') },
  { what: 'the core makes a date of now', as: domain, code: `export const at = new Date();`, refused: syntax('take a Clock') },
  { what: 'the core makes a date of a number', as: domain, code: `export const at = new Date(0);\n` },
  { what: 'the core throws dice', as: domain, code: `export const n = Math.random();`, refused: syntax('take a Random') },
  // the environment
  {
    what: 'an adapter reads the environment',
    as: adapter,
    code: `export const home = process.env['HOME'];`,
    refused: syntax('Only config.ts'),
  },
  {
    what: 'a composition root looks into the environment',
    as: inference,
    code: `export const port = process.env['PORT'];`,
    refused: syntax('Only config.ts'),
  },
  // how we write
  { what: 'a test mocks a module', as: aTest, code: `jest.mock('node:fs');`, refused: syntax('A mocked module tests the mock') },
  { what: 'product code uses a fake', as: inference, code: `import '@facehash/kernel/testing';`, refused: imports('Fakes') },
  { what: 'a package exports whatever there is', as: domain, code: `export * from './types.js';`, refused: syntax('name what you export') },
  { what: 'something is exported without a name', as: domain, code: `export default 1;`, refused: syntax('export it by name') },
  {
    what: 'a function takes four parameters',
    as: domain,
    code: `export const f = (a: number, b: number, c: number, d: number) => a + b + c + d;`,
    refused: syntax('one options object'),
  },
  {
    what: 'a field is private only for the compiler',
    as: domain,
    code: `export class A {\n  private readonly a = 1;\n}\n`,
    refused: syntax('write #name'),
  },
  {
    what: 'a type is asserted instead of checked',
    as: domain,
    code: `export const f = (a: unknown) => a as string;`,
    refused: { rule: '@typescript-eslint/consistent-type-assertions', saying: 'Do not use any type assertions' },
  },
  {
    what: 'a promise is left to itself',
    as: adapter,
    code: `export const f = (a: () => Promise<void>) => {\n  a();\n};\n`,
    refused: { rule: '@typescript-eslint/no-floating-promises', saying: 'Promises must be awaited' },
  },
  {
    what: 'a function decides too much',
    as: domain,
    code: `export const f = (n: number) => ${'n && '.repeat(11)}n;`,
    refused: { rule: 'complexity', saying: 'Maximum allowed is 10' },
  },
];
