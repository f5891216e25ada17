import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { newApiKey } from '@facehash/facemodel';
import { systemRandom } from '@facehash/kernel';
import { temporaryFolder } from '@facehash/testing';
import { Product } from '../support/product.js';

const program = new URL('../../services/inference/dist/acceptance/main.js', import.meta.url).pathname;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `helm test` runs, outside a cluster. */
function accept(env: Readonly<Record<string, string>>): Promise<Ended> {
  const options = { env: { PATH: process.env['PATH'], FACEHASH_TEST_TIMEOUT_SECONDS: '2', ...env }, timeout: 60_000 };
  return promisify(execFile)(process.execPath, [program], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as Ended,
  );
}

describe('the acceptance of an installation', () => {
  it('enrols, trains, recognises, and tells a stranger', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path });
    const env = { FACEHASH_URL: product.url, FACEHASH_API_KEY: product.apiKey, FACEHASH_TEST_TIMEOUT_SECONDS: '60' };
    const { code, stdout, stderr } = await accept(env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^the key works: Empty\n3 photos enrolled and version v-\w+ trained\nwho was enrolled is recognised, and a stranger is not\n$/,
    );
  });

  it('fails with a key that nobody knows, and says so without saying the key', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path });
    const apiKey = newApiKey(systemRandom);
    const { code, stderr } = await accept({ FACEHASH_URL: product.url, FACEHASH_API_KEY: apiKey });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^the key was not taken: the answer was 401/);
    expect(stderr).not.toContain(apiKey);
  });

  it('fails where everybody is somebody who is known, as nobody would be a stranger', async () => {
    await using server = await answering({ '/train': () => [200, { trainingSuccess: 1, version: 'v-1' }] });
    const { code, stderr } = await accept({ FACEHASH_URL: server.url, FACEHASH_API_KEY: 'fhk_x' });
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'a stranger was not told from who was enrolled: the answer was 200\n' });
  });

  it('sends the photos again where a replica that ends does not wait for their version', async () => {
    const answers: readonly Answer[] = [
      [202, { trainingSuccess: 0 }],
      [200, { trainingSuccess: 1, version: 'v-1' }],
    ];
    let asked = 0;
    await using server = await answering({ '/train': () => answers[asked++] ?? [500, {}] });
    const { stdout } = await accept({ FACEHASH_URL: server.url, FACEHASH_API_KEY: 'fhk_x' });
    expect(stdout).toContain('3 photos enrolled and version v-1 trained\n');
    expect(asked).toBe(2);
  });
});

type Answer = readonly [status: number, body: object];

/** Knows a key and everybody; what else it says is told by path. */
async function answering(answers: Readonly<Record<string, () => Answer>>): Promise<AsyncDisposable & { readonly url: string }> {
  const all: typeof answers = { '/v1/model': () => [200, { phase: 'Empty' }], ...answers };
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const [status, body] = all[request.url ?? '']?.() ?? [200, { foundFace: 'acceptance' }];
      response.writeHead(status).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
