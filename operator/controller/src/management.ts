import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Health } from '@facehash/operator-runtime';
import type { Registry } from 'prom-client';

/** Probes and scrapes send no body and read a small answer. */
const requestTimeoutMs = 10_000;

export interface Management {
  readonly port: number;
  close(): Promise<void>;
}

export interface ManagementOptions {
  readonly port: number;
  readonly host: string;
  /** Not well: only a restart can help. */
  readonly liveness: () => Health;
  readonly readiness: () => Health;
  /** How what it works with was reached last: told beside readiness, and no condition of it. */
  readonly dependencies: () => Readonly<Record<string, { readonly ok: boolean; readonly why: string | null }>>;
  readonly registry: Pick<Registry, 'contentType' | 'metrics'>;
}

/** Health and metrics of the program over HTTP. Rejects when the port cannot be had. */
export async function openManagement(options: ManagementOptions): Promise<Management> {
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    answer(request, response, options).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer({ method, url }: IncomingMessage, response: ServerResponse, options: ManagementOptions): Promise<void> {
  const asked = method === 'GET' || method === 'HEAD' ? url?.split('?', 1)[0] : undefined;
  switch (asked) {
    case '/health/live':
    case '/health/startup':
      return told(response, options.liveness());
    case '/health/ready':
      return told(response, options.readiness(), options.dependencies());
    case '/metrics':
      response.setHeader('content-type', options.registry.contentType);
      return void response.end(await options.registry.metrics());
    default:
      return json(response, 404, { status: 'not_found' });
  }
}

function told(response: ServerResponse, { ok, reasons }: Health, dependencies: object = {}): void {
  json(response, ok ? 200 : 503, { status: ok ? 'ok' : 'error', ...(ok ? {} : { reasons }), ...dependencies });
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
