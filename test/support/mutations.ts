import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { temporaryFolder } from '@facehash/testing';

const root = resolve(import.meta.dirname, '../..');
const RUN_TIMEOUT_MS = 120_000;
/** For tests that wait for what a mutation took away. */
const TEST_TIMEOUT_MS = 10_000;

/** A mistake that the contract of an adapter's port must notice: text of one of its sources, and what stands there instead. */
export interface Mutation {
  readonly what: string;
  /** Relative to the package. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Of the names of tests, where others would wait long for what the mutation takes away: a regular expression. */
  readonly tests?: string;
}

export interface MutatedPackage {
  /** Relative to the repository. */
  readonly folder: string;
  readonly mutations: readonly Mutation[];
}

export interface ContractRun {
  readonly passed: number;
  readonly failed: number;
  /** Files that could not be run at all: a mutation that does not compile proves nothing. */
  readonly broken: number;
  readonly output: string;
}

/** Every package that commits a list of mutations. */
export async function mutatedPackages(): Promise<readonly MutatedPackage[]> {
  const lists = globSync('{libs,operator}/**/mutations.json', { cwd: root, exclude: (name) => name === 'node_modules' || name === 'dist' });
  return Promise.all(
    lists.sort().map(async (list) => {
      const mutations = JSON.parse(await readFile(join(root, list), 'utf8')) as readonly Mutation[];
      return { folder: dirname(list), mutations };
    }),
  );
}

/** The contract tests of a package in a Jest of their own, with a mutation or without. */
export async function runContract({ folder }: MutatedPackage, mutation?: Mutation): Promise<ContractRun> {
  await using temporary = await temporaryFolder();
  const report = join(temporary.path, 'report.json');
  const config = join(import.meta.dirname, 'mutated.config.mjs');
  const tests = await contractTests(folder);
  const only = [
    '--testNamePattern',
    `contract: .*${mutation?.tests ?? ''}`,
    '--testTimeout',
    String(TEST_TIMEOUT_MS),
    '--runTestsByPath',
    ...tests,
  ];
  const jest = ['--experimental-vm-modules', join(root, 'node_modules/jest/bin/jest.js'), '--config', config];
  const args = [...jest, '--runInBand', '--forceExit', '--json', '--outputFile', report, ...only];
  const env = { ...process.env, FACEHASH_TEST_MUTATION: JSON.stringify(mutation === undefined ? null : await located(folder, mutation)) };
  const output = await new Promise<string>((done) => {
    execFile(process.execPath, args, { cwd: root, env, timeout: RUN_TIMEOUT_MS, killSignal: 'SIGKILL' }, (_, __, stderr) => done(stderr));
  });
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(await readFile(report, 'utf8')) as Record<
    string,
    number
  >;
  return { passed: numPassedTests ?? 0, failed: numFailedTests ?? 0, broken: numRuntimeErrorTestSuites ?? 0, output };
}

/** Throws where the source is no longer what the mutation was written for. */
async function located(folder: string, { what, file, find, replace }: Mutation): Promise<object> {
  const path = join(root, folder, file);
  const occurrences = (await readFile(path, 'utf8')).split(find).length - 1;
  if (occurrences !== 1) throw new Error(`the mutation "${what}" is out of date: its text is ${occurrences} times in ${folder}/${file}`);
  return { path, find, replace };
}

async function contractTests(folder: string): Promise<readonly string[]> {
  const files = globSync('src/**/*.test.ts', { cwd: join(root, folder) }).map((file) => join(folder, file));
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')));
  return files.filter((_, i) => /describe\w+Contract\(/.test(texts[i] ?? ''));
}
