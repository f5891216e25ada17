import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, runProgram } from './process/program.mjs';

const sources = join(root, 'test/performance');
const [name, ...args] = process.argv.slice(2);

if (name && existsSync(join(sources, `${name}.ts`))) {
  // The purpose `test`, because benchmarks are compiled with the tests and should measure the native detector.
  await runProgram({ program: `test/dist/performance/${name}.js`, purpose: 'test', args, quiet: true });
} else {
  const names = existsSync(sources) ? readdirSync(sources).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts')) : [];
  console.error(`Usage: npm run bench -- <name> [--json], where <name> is one of: ${names.map((file) => file.slice(0, -3)).join(', ')}`);
  process.exitCode = 2;
}
