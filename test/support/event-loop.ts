import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const PROBE_EVERY_MS = 20;

/**
 * The delay of the server's event loop, 99th percentile in ms, as the server measures it itself (`perf_hooks`, in prom-client's default
 * metrics): since the last reading, which begins a new measurement. Its timer has 10 ms, and a loop that is never late reads 10 to 11.
 */
export async function eventLoopDelayP99Ms(url: string): Promise<number> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) });
  const [, seconds] = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(await response.text()) ?? [];
  if (seconds === undefined) throw new Error('the server does not measure its event loop');
  return Number(seconds) * 1000;
}

/** Asks for `/health/live` over a connection and on a thread of its own, beside whatever else goes on, until stopped. */
export class HealthProbe {
  private constructor(private readonly worker: Worker) {}

  static start(url: string): HealthProbe {
    const workerData = { url: `${url}/health/live`, everyMs: PROBE_EVERY_MS };
    return new HealthProbe(new Worker(new URL('./health-probe.js', import.meta.url), { workerData }));
  }

  /** How long each answer took, in ms. */
  async stop(): Promise<readonly number[]> {
    const told = once(this.worker, 'message');
    this.worker.postMessage('stop');
    const [latencies] = (await told) as [readonly number[]];
    await this.worker.terminate();
    return latencies;
  }
}
