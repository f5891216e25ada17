import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Metrics } from '@facehash/observability';

/** Probes and scrapes send no body and read a small answer. */
const requestTimeoutMs = 10_000;

export interface Management {
  readonly port: number;
  /** Answers not ready from now on. */
  drain(): void;
  close(): Promise<void>;
}

/** Health and metrics of the program over HTTP. Rejects when the port cannot be had. */
export async function openManagement(
  metrics: Pick<Metrics, 'contentType' | 'render'>,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<Management> {
  let draining = false;
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    answer(request, response, { metrics, draining }).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    drain: () => void (draining = true),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface State {
  readonly metrics: Pick<Metrics, 'contentType' | 'render'>;
  readonly draining: boolean;
}

async function answer({ method, url }: IncomingMessage, response: ServerResponse, { metrics, draining }: State): Promise<void> {
  const asked = method === 'GET' || method === 'HEAD' ? url?.split('?', 1)[0] : undefined;
  switch (asked) {
    case '/health/live':
      return json(response, 200, { status: 'ok' });
    case '/health/ready':
      return draining ? json(response, 503, { status: 'shutting_down' }) : json(response, 200, { status: 'ok' });
    case '/metrics':
      response.setHeader('content-type', metrics.contentType);
      return void response.end(await metrics.render());
    default:
      return json(response, 404, { status: 'not_found' });
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
