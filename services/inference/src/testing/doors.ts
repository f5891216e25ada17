import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { testApi, type TestApi, type TestApiOptions } from './api.js';

/** Replicas that listen, and pods that a test plays, until they are disposed of. */
export class Doors implements AsyncDisposable {
  readonly #open: AsyncDisposable[] = [];

  async listening(options: TestApiOptions = {}): Promise<TestApi & { readonly url: string }> {
    const api = await testApi(options);
    this.#open.push(api);
    await api.app.listen(0, '127.0.0.1');
    return Object.assign(api, { url: (await api.app.getUrl()).replace('[::1]', '127.0.0.1') });
  }

  /** A front door whose model has pods of its own at `route`. */
  async frontDoor(route: string, options: TestApiOptions = {}): Promise<TestApi & { readonly url: string }> {
    const api = await this.listening(options);
    await api.publish({ route });
    return api;
  }

  /** Something in place of the pods, which a test plays. */
  async played(answer: RequestListener): Promise<{ readonly url: string; readonly server: Server }> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#open.push({
      [Symbol.asyncDispose]: async () => {
        server.close();
        server.closeAllConnections();
      },
    });
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#open.splice(0).reverse()) await one[Symbol.asyncDispose]();
  }
}
