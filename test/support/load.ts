import { Agent, request } from 'node:http';

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly latenciesMs: readonly number[];
  readonly failed: number;
}

/** Closed loop: `connections` clients, each asking again as soon as it was answered, over kept-alive connections, for `seconds`. */
export async function load(options: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodies: readonly Buffer[];
  readonly connections: number;
  readonly seconds: number;
}): Promise<LoadResult> {
  const { url, headers, bodies, connections, seconds } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latenciesMs: number[] = [];
  let failed = 0;
  let next = 0;
  const end = performance.now() + seconds * 1000;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const body = bodies[next++ % bodies.length];
      if (!body) throw new Error('no bodies to send');
      const began = performance.now();
      const status = await post(agent, { url, headers, body });
      latenciesMs.push(performance.now() - began);
      if (status !== 200) failed++;
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: connections }, client));
  const elapsed = (performance.now() - began) / 1000;
  agent.destroy();
  return { requestsPerSecond: latenciesMs.length / elapsed, latenciesMs, failed };
}

function post(
  agent: Agent,
  { url, headers, body }: { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: 'POST', agent, headers: { ...headers, 'content-length': body.length }, timeout: 30_000 },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', reject);
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer within 30 s')));
    sent.on('error', reject);
    sent.end(body);
  });
}
