import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newApiKey } from '@facehash/facemodel';
import { seededRandom } from '@facehash/kernel';
import { Terminal } from './testing/terminal.js';

interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answers = (seen: Seen) => { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body: unknown };

const busy = { status: 503, headers: { 'retry-after': '1' }, body: { code: 'OVERLOADED', title: 'More requests are waiting' } };
const KEY = newApiKey(seededRandom(7));

describe('the command line and a server', () => {
  let folder: string;
  let server: Server;
  let url: string;
  let answer: Answers;
  let seen: Seen[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'facehash-cli-'));
    seen = [];
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const one = { url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('latin1') };
        seen.push(one);
        const { status, headers, body } = answer(one);
        response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    url = typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
  });
  afterEach(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  const terminal = (): Terminal => new Terminal(folder, url, KEY);
  async function photo(name: string, text = name): Promise<string> {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  }

  describe('enrol', () => {
    const trained = (accepted: number, rejected: readonly unknown[] = []) => ({
      status: 200,
      body: { trainingSuccess: 1, version: 'v-1', accepted, rejected },
    });

    it('sends the name and then the photos, and tells what became of them', async () => {
      answer = () => trained(1, [{ index: 1, code: 'FACE_NOT_FOUND', detail: 'No face was found' }]);
      const one = terminal();
      expect(await one.run('enrol', 'Ann', await photo('a.jpg', 'bytes of a'), await photo('b.jpg'))).toBe(0);
      expect(one.out).toMatch(
        /^FILE +CODE +WHY\n.*b\.jpg +FACE_NOT_FOUND +No face was found\n\n1 of 2 photos of Ann are enrolled; version v-1 answers\n$/,
      );
      const [call] = seen;
      expect(call?.headers).toMatchObject({ 'x-api-key': KEY, 'content-type': expect.stringContaining('multipart/form-data') as string });
      expect(call?.body).toMatch(/name="username"\r\n\r\nAnn\r\n[\s\S]*name="images"; filename="a\.jpg"[\s\S]*\r\n\r\nbytes of a\r\n/);
    });

    it('takes the images of a folder, in the order of their names', async () => {
      await mkdir(join(folder, 'ann'));
      for (const name of ['b.PNG', 'a.jpg', '.hidden.jpg', 'notes.txt']) await photo(join('ann', name));
      answer = () => trained(2);
      expect(await terminal().run('enrol', 'Ann', join(folder, 'ann'))).toBe(0);
      expect([...(seen[0]?.body ?? '').matchAll(/filename="([^"]+)"/g)].map(([, name]) => name)).toEqual(['a.jpg', 'b.PNG']);
    });

    it('sends many photos by several calls, and waits with the last one', async () => {
      const photos = await Promise.all(Array.from({ length: 101 }, (_, i) => photo(`${i}.jpg`)));
      answer = ({ headers }) =>
        headers['prefer'] ? { status: 202, body: { trainingSuccess: 0, accepted: 100, rejected: [] } } : trained(1);
      const one = terminal();
      expect(await one.run('enrol', 'Ann', ...photos)).toBe(0);
      expect(seen.map(({ headers }) => headers['prefer'])).toEqual(['respond-async', undefined]);
      expect(one.out).toBe('101 of 101 photos of Ann are enrolled; version v-1 answers\n');
    });

    it('joins the run again when the server ends the wait, or the last of several calls brought nothing', async () => {
      const photos = await Promise.all(Array.from({ length: 101 }, (_, i) => photo(`${i}.jpg`)));
      const pending = (accepted: number) => ({ status: 202, body: { trainingSuccess: 0, accepted, rejected: [], detail: 'goes on' } });
      const rejected = {
        trainingSuccess: 0,
        code: 'PHOTOS_REJECTED',
        accepted: 0,
        rejected: [{ index: 0, code: 'FACE_NOT_FOUND', detail: 'none' }],
      };
      answer = () => [pending(100), { status: 422, body: rejected }, pending(1)][seen.length - 1] ?? trained(1);
      const one = terminal();
      expect(await one.run('enrol', 'Ann', ...photos)).toBe(0);
      expect(seen.slice(2).map(({ body }) => [...body.matchAll(/filename/g)].length)).toEqual([1, 1]);
      expect(one.out).toContain('100 of 101 photos of Ann are enrolled; version v-1 answers\n');
    });

    it('says why nobody was enrolled, or no version answers', async () => {
      answer = () => ({
        status: 409,
        body: { trainingSuccess: 0, code: 'VERSION_REFUSED', detail: 'was worse', accepted: 1, rejected: [] },
      });
      const one = terminal();
      expect(await one.run('enrol', 'Ann', await photo('a.jpg'))).toBe(1);
      expect([one.out, one.complaints]).toEqual(['1 of 1 photos of Ann are enrolled\n', 'facehash: was worse (VERSION_REFUSED)\n']);
      expect(await one.run('--json', 'enrol', 'Ann', join(folder, 'a.jpg'))).toBe(1);
      expect(JSON.parse(one.out)).toMatchObject({ accepted: 1, version: null, code: 'VERSION_REFUSED' });
    });
  });

  describe('recognize', () => {
    const found = (name: string | null) => ({
      status: 200,
      body: { version: 'v-1', faces: [{ person: name === null ? null : { id: 'per_1', name }, similarity: 0.91234 }] },
    });

    it('prints who is on each photo in the order that they were given', async () => {
      answer = ({ body }) => (body === 'nobody' ? { status: 200, body: { version: 'v-1', faces: [] } } : found(body === 'x' ? null : body));
      const one = terminal();
      expect(await one.run('recognize', await photo('a.jpg', 'Ann'), await photo('b.jpg', 'x'), await photo('c.jpg', 'nobody'))).toBe(0);
      const cells = one.out.split('\n').map((line) => line.replace(`${folder}/`, '').split(/ {2,}/));
      expect(cells).toEqual([
        ['FILE', 'FACE', 'NAME', 'SIMILARITY'],
        ['a.jpg', '1', 'Ann', '0.912'],
        ['b.jpg', '1', 'unknown', '0.912'],
        ['c.jpg', '-', 'no face', '-'],
        [''],
      ]);
    });

    it('asks a busy server again, when the server says so', async () => {
      answer = () => (seen.length < 3 ? busy : found('Ann'));
      const one = terminal();
      expect(await one.run('recognize', await photo('a.jpg'))).toBe(0);
      expect(one.pausesMs).toHaveLength(2);
      for (const ms of one.pausesMs) expect(ms).toBeGreaterThanOrEqual(1000);
    });

    it('gives up on one that stays busy, and says so for that photo', async () => {
      answer = () => busy;
      const one = terminal();
      expect(await one.run('--json', 'recognize', await photo('a.jpg'))).toBe(1);
      expect(JSON.parse(one.out)).toMatchObject({ file: join(folder, 'a.jpg'), code: 'OVERLOADED' });
    });

    it('prints no control characters of a name', async () => {
      answer = () => found('A\u001b[2Jnn');
      const one = terminal();
      await one.run('recognize', await photo('a.jpg'));
      expect(one.out).not.toContain('\u001b');
    });
  });

  describe('that is not as it should be', () => {
    it('does not run: says how to start it', async () => {
      const one = new Terminal(folder, 'http://127.0.0.1:1', KEY);
      expect(await one.run('recognize', await photo('a.jpg'))).toBe(1);
      expect(one.complaints).toContain('start it with npm start');
    });

    it.each([
      ['refuses the key', () => ({ status: 401, body: { code: 'API_KEY_INVALID' } }), 'does not know this key'],
      ['is another program', () => ({ status: 200, body: '<html>' }), 'not that of a FaceHash server'],
    ] satisfies readonly (readonly [string, Answers, string])[])('%s: says so', async (_, answers, complaint) => {
      answer = answers;
      const one = terminal();
      expect(await one.run('recognize', await photo('a.jpg'))).toBe(1);
      expect(one.complaints).toContain(complaint);
      expect(one.complaints).not.toContain(KEY);
    });

    it('has an address that is none: is not understood', async () => {
      expect(await new Terminal(folder, 'localhost:5000', KEY).run('recognize', await photo('a.jpg'))).toBe(2);
    });
  });

  describe('the key', () => {
    beforeEach(() => {
      answer = () => ({ status: 200, body: { version: 'v-1', faces: [] } });
    });
    const sent = (): unknown => seen.at(-1)?.headers['x-api-key'];

    it('is the given one, else that of the named model, else that of the environment, else that of the default model', async () => {
      const [given, named, ofDefault] = [1, 2, 3].map((seed) => newApiKey(seededRandom(seed)));
      await mkdir(join(folder, 'keys'));
      await writeFile(join(folder, 'keys', 'front-door'), `${named}\n`);
      await writeFile(join(folder, 'api-key'), `${ofDefault}\n`);
      const file = await photo('a.jpg');
      await terminal().run('recognize', file, '--key', given ?? '', '--model', 'front-door');
      expect(sent()).toBe(given);
      await terminal().run('recognize', file, '--model', 'front-door');
      expect(sent()).toBe(named);
      await terminal().run('recognize', file);
      expect(sent()).toBe(KEY);
      await new Terminal(folder, url).run('recognize', file);
      expect(sent()).toBe(ofDefault);
    });

    it('that is none, or is not there, is not sent', async () => {
      const one = new Terminal(folder, url);
      const file = await photo('a.jpg');
      expect(await one.run('recognize', file)).toBe(1);
      expect(one.complaints).toContain('the key of the model default cannot be read');
      expect(await one.run('recognize', file, '--key', 'fhk_short')).toBe(1);
      expect([one.complaints.includes('fhk_short'), seen]).toEqual([false, []]);
    });
  });

  it('are not troubled with photos that are not there', async () => {
    const one = terminal();
    expect(await one.run('recognize', join(folder, 'a.jpg'))).toBe(1);
    expect(one.complaints).toContain('a.jpg cannot be read: it is not there');
    expect(await one.run('recognize', folder)).toBe(1);
    expect(one.complaints).toContain('no images');
    expect(seen).toEqual([]);
  });
});
