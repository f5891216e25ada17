import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { temporaryFolder } from '@facehash/testing';
import { hostileBodies, hostileCalls, hostileConnections, type HostileRequest } from '../support/hostile/bodies.js';
import { hostileFiles, referringFiles, type HostileFile } from '../support/hostile/files.js';
import { faultOf } from '../support/hostile/verdict.js';
import { sendRaw } from '../support/hostile/wire.js';
import { Client } from '../support/client.js';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';

const UPLOAD_TIMEOUT_SECONDS = 4;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let product: Product;
let client: Client;
let photo: Buffer;

beforeAll(async () => {
  folder = await temporaryFolder();
  product = await Product.start({ dataDir: folder.path, env: { UPLOAD_TIMEOUT_SECONDS: String(UPLOAD_TIMEOUT_SECONDS) } });
  client = new Client(product.url, product.apiKey);
  await client.train('Ann', await sampleFaces(0, [0, 1, 2]));
  photo = await sampleFace(0, 9);
});
afterAll(async () => {
  await product.stop();
  await folder[Symbol.asyncDispose]();
});

/** Of every answer, whatever it is to. */
const faults = (answer: Parameters<typeof faultOf>[0]) => faultOf(answer, [product.apiKey, product.apiKey.slice(4, 20)]);

async function outcomeOf({ bytes, mediaType = 'application/octet-stream' }: HostileFile): Promise<string> {
  const response = await fetch(`${product.url}/v1/recognize`, {
    method: 'POST',
    headers: { 'x-api-key': product.apiKey, 'content-type': mediaType },
    body: Buffer.from(await bytes()),
    signal: AbortSignal.timeout(60_000),
  });
  const body = await response.text();
  expect(faults({ status: response.status, headers: Object.fromEntries(response.headers), body })).toBeUndefined();
  const answer = JSON.parse(body) as { code?: string; faces?: unknown[] };
  return response.status === 200 && answer.faces ? 'read' : String(answer.code);
}

async function expectAnswered({ request, answers }: HostileRequest): Promise<void> {
  const got = await sendRaw(product.url, request);
  for (const answer of got) expect(faults(answer)).toBeUndefined();
  expect(answers).toContainEqual(got.map(({ status }) => status));
}

afterEach(async () => {
  expect((await client.recognize(photo)).body).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
});

describe('a hostile file gets what the page says', () => {
  it.each(hostileFiles().map((file) => [file.name, file] as const))('%s', async (_, file) => {
    expect(file.outcomes).toContain(await outcomeOf(file));
  });
});

describe('a file that refers to something', () => {
  it('is refused, and nothing is fetched', async () => {
    const fetched: string[] = [];
    const listener = createServer((socket) => {
      fetched.push('a connection');
      socket.destroy();
    });
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    const { port } = listener.address() as AddressInfo;
    for (const file of referringFiles(`http://127.0.0.1:${port}`))
      expect([file.name, await outcomeOf(file)]).toEqual([file.name, ...file.outcomes]);
    expect(fetched).toEqual([]);
    listener.close();
  });
});

// The key and the photo are those of a product that is started later; what is listed here is the names.
const names = (list: readonly HostileRequest[]) => list.map(({ name }, i) => [name, i] as const);

describe('a hostile body gets what the page says', () => {
  it.each(names(hostileBodies('', Buffer.alloc(0))))('%s', async (_, i) => {
    const request = hostileBodies(product.apiKey, photo)[i];
    if (request) await expectAnswered(request);
  });
});

describe('a hostile call gets what the page says', () => {
  it.each(names(hostileCalls('')))('%s', async (_, i) => {
    const request = hostileCalls(product.apiKey)[i];
    if (request) await expectAnswered(request);
  });
});

describe('a hostile connection gets what HTTP says', () => {
  it.each(names(hostileConnections('', Buffer.alloc(0))))('%s', async (_, i) => {
    const request = hostileConnections(product.apiKey, photo)[i];
    if (request) await expectAnswered(request);
  });

  it('a body that drips is given up', async () => {
    const head = `POST /v1/recognize HTTP/1.1\r\nhost: x\r\nx-api-key: ${product.apiKey}\r\ncontent-type: image/jpeg\r\ncontent-length: 100000\r\n\r\n`;
    const drops = Array.from({ length: 600 }, () => 'x');
    const answers = await sendRaw(product.url, { pieces: [head, ...drops], pauseMs: 100 });
    for (const answer of answers) expect(faults(answer)).toBeUndefined();
    expect([[], [408]]).toContainEqual(answers.map(({ status }) => status));
  });
});

describe('after all of it', () => {
  it('no worker is missing, and no key was written down', async () => {
    const metrics = await (await fetch(`${product.url}/metrics`)).text();
    expect(metrics).toMatch(/^facehash_vision_pool_workers 2$/m);
    expect((await fetch(`${product.url}/health/ready`)).status).toBe(200);
    expect(product.printed).not.toContain(product.apiKey.slice(4, 20));
  });
});
