import { readFile } from 'node:fs/promises';
import { eventually } from '@facehash/testing';
import { quantile, row, type Row } from '../benchmark.js';
import { PLATFORM, RELEASE, type Installation } from '../installation.js';
import { load } from '../load.js';
import { persons } from '../photos.js';

const CONNECTIONS = 16;
const READY_TIMEOUT_MS = 90_000;

/** Answers a second through the ingress, by 16 clients that ask without a pause, with so many pods of inference. */
export async function recognitionRows(
  here: Installation,
  { pods, seconds }: { readonly pods: readonly number[]; readonly seconds: number },
): Promise<readonly Row[]> {
  const client = await here.faceModel('recognition');
  const known = await persons(3, 5);
  for (const { name, enrolled } of known) await client.train(name, enrolled);
  const questions = known.flatMap(({ name, others }) => others.map((body) => ({ body, expected: name })));
  const headers = { 'x-api-key': await here.apiKey('recognition'), 'content-type': 'image/jpeg' };
  const rows: Row[] = [];
  for (const count of pods) {
    await scaledTo(here, count);
    const asked = { url: `${here.cluster.ingressUrl}/`, headers, questions, connections: CONNECTIONS };
    await load({ ...asked, seconds: 2 });
    const [before, result] = [await cpuSeconds(), await load({ ...asked, seconds })];
    const used = (await cpuSeconds()).map((value, i) => value - (before[i] ?? 0));
    const [all = 0, idle = 0] = used;
    rows.push(
      row(`${count} pod${count === 1 ? '' : 's'}: answers a second`, result.requestsPerSecond, '/s'),
      row('… p99', quantile(result.latenciesMs, 0.99), 'ms'),
      row('… refused (503)', result.refusedMs.length, '', { atMost: 0 }),
      row('… failed', result.failed, '', { atMost: 0 }),
      row('… of the machine’s CPU in use', (100 * (all - idle)) / all, '%'),
    );
  }
  return rows;
}

async function scaledTo(here: Installation, count: number): Promise<void> {
  await here.kubectl.run('scale', `deployment/${RELEASE}-inference`, `--replicas=${count}`, '-n', PLATFORM);
  const status = ['get', `deployment/${RELEASE}-inference`, '-n', PLATFORM, '-o', 'jsonpath={.status.readyReplicas}/{.status.replicas}'];
  await eventually(
    () => here.kubectl.run(...status),
    (ready) => ready === `${count}/${count}`,
    { withinMs: READY_TIMEOUT_MS, everyMs: 200 },
  );
}

/** Of the whole machine: altogether, and idle. */
async function cpuSeconds(): Promise<readonly [all: number, idle: number]> {
  const [, ...fields] = (await readFile('/proc/stat', 'utf8')).split('\n', 1)[0]?.split(/\s+/) ?? [];
  const ticks = fields.map(Number);
  return [ticks.reduce((sum, each) => sum + each, 0), (ticks[3] ?? 0) + (ticks[4] ?? 0)];
}
