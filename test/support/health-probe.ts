import { Agent, get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

// A thread of a benchmark: asks one address again and again and tells how long the answers took.

const { url, everyMs } = workerData as { readonly url: string; readonly everyMs: number };
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const latenciesMs: number[] = [];
const port = parentPort;
let stopped = false;
port?.once('message', () => (stopped = true));

while (!stopped) {
  const began = performance.now();
  await new Promise<void>((resolve, reject) => {
    get(url, { agent, timeout: 30_000 }, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
  const took = performance.now() - began;
  latenciesMs.push(took);
  await new Promise((resolve) => setTimeout(resolve, Math.max(1, everyMs - took)));
}
agent.destroy();
port?.postMessage(latenciesMs);
