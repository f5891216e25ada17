import { once } from 'node:events';
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { planSchema, type Plan, type Report } from './plan.js';
import { startRelay } from './relay.js';
import { Supervision } from './supervision.js';

/**
 * The program inside of the cluster's namespaces. Its plan is the first line of standard input, and the end of standard input is its own
 * end: with it, the first process of the namespace ends, and so does everything.
 */
const commandTimeoutMs = 20_000;
const run = promisify(execFile);

const lines = createInterface({ input: process.stdin });
const ownerGone = once(lines, 'close');
void ownerGone.then(() => process.exit(0));

try {
  const line = await new Promise<string>((resolve) => lines.once('line', resolve));
  await supervise(planSchema.parse(JSON.parse(line)));
} catch (error) {
  report({ event: 'failed', reason: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
  // What was said must be out before the process ends; the children end with it.
  process.stdout.end(() => process.exit());
}

async function supervise(plan: Plan): Promise<never> {
  await mkdir(plan.logDir, { recursive: true });
  for (const [command = '', ...args] of plan.preparation) await run(command, args, { timeout: commandTimeoutMs });
  const supervision = new Supervision({
    logDir: plan.logDir,
    env: plan.env,
    report,
    elapsedMs: () => Math.round(performance.now()),
  });
  for (const { socket, host, port } of plan.relays) await startRelay({ path: socket }, { host, port });
  await supervision.start(plan.components);
  report({ event: 'allReady', afterMs: Math.round(performance.now()) });
  return supervision.failed;
}

function report(what: Report): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
