import { runProgram } from './process/program.mjs';

await runProgram({ program: 'services/inference/dist/main.js', purpose: 'start' });
