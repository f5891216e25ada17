import { config } from './config.js';
import { runCli } from './cli.js';

process.exitCode = await runCli(process.argv.slice(2), {
  defaults: config(process.env),
  write: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
});
