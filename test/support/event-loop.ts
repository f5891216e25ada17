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
  private constructor(
    private readonly worker: Worker,
    /** Rejects when the probe fails. */
    private readonly told: Promise<readonly number[]>,
  ) {}

  static start(url: string): HealthProbe {
    const workerData = { url: `${url}/health/live`, everyMs: PROBE_EVERY_MS };
    const worker = new Worker(new URL('./health-probe.js', import.meta.url), { workerData });
    const told = once(worker, 'message').then(([latencies]) => latencies as readonly number[]);
    // Whoever stops the probe is told; until then it is no end of the benchmark, which has servers to stop.
    told.catch(() => undefined);
    return new HealthProbe(worker, told);
  }

  /** How long each answer took, in ms. */
  async stop(): Promise<readonly number[]> {
    this.worker.postMessage('stop');
    const latencies = await this.told;
    await this.worker.terminate();
    return latencies;
  }
}
