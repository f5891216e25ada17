import { runProgram } from './process/program.mjs';

await runProgram({ program: 'services/cli/dist/main.js', purpose: 'start', args: process.argv.slice(2), quiet: true });
