import { runProgram } from './process/program.mjs';

await runProgram({ program: 'services/cli/dist/main.js', purpose: 'command', args: process.argv.slice(2), quiet: true });
