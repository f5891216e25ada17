import { runProgram } from './process/program.mjs';

await runProgram({
  program: 'test/servers/dist/main.js',
  purpose: 'command',
  projects: ['test/servers'],
  args: process.argv.slice(2),
  quiet: true,
});
