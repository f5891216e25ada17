import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { temporaryFolder } from '@facehash/testing';

const run = promisify(execFile);
/** Debian's own interpreter: it has the package python3-requests. */
const PYTHON = '/usr/bin/python3';

const pythonClient = `
import base64, json, sys, requests
url, folder = sys.argv[1], sys.argv[2]
def b64(name):
    with open(folder + '/' + name, 'rb') as f:
        return base64.b64encode(f.read())
answers = []
train = {'username': 'Ben', 'images': [b64('ben%d.jpg' % i).decode('ascii') for i in range(4)]}
answers.append(requests.post(url + '/train', json=train).json())
answers.append(requests.post(url, data=b64('ask-ben.jpg')).json())
answers.append(requests.post(url, data=str(b64('ask-ben.jpg'))).json())
answers.append(requests.post(url, data=b64('ask-stranger.jpg').decode('ascii')).json())
print(json.dumps(answers))
`;

describe('a client written to the ancestor’s documentation works unchanged', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let product: Product;

  beforeAll(async () => {
    folder = await temporaryFolder();
    product = await Product.start({ dataDir: join(folder.path, 'data') });
    const photos = { ann: await sampleFaces(0, [0, 1, 2, 3]), ben: await sampleFaces(3, [0, 1, 2, 3]) };
    for (const [name, takes] of Object.entries(photos)) {
      await Promise.all(takes.map((bytes, i) => writeFile(join(folder.path, `${name}${i}.jpg`), bytes)));
    }
    await writeFile(join(folder.path, 'ask-ann.jpg'), await sampleFace(0, 9));
    await writeFile(join(folder.path, 'ask-ben.jpg'), await sampleFace(3, 9));
    await writeFile(join(folder.path, 'ask-stranger.jpg'), await sampleFace(4, 9));
  });

  afterAll(async () => {
    await product.stop();
    await folder[Symbol.asyncDispose]();
  });

  it('curl with base64 from a file, as its shell users send it', async () => {
    const shell = async (script: string) =>
      (
        await run('bash', ['-ceu', script], {
          cwd: folder.path,
          env: { PATH: process.env['PATH'], URL: `${product.url}/${product.apiKey}` },
        })
      ).stdout;
    const train = `{ printf '{"username": "Ann", "images": ["'; for i in 0 1 2 3; do [ $i = 0 ] || printf '", "'; base64 -w0 ann$i.jpg; done; printf '"]}'; } > train.json
      curl -s "$URL/train" -H 'content-type: application/json' -d @train.json`;
    expect(JSON.parse(await shell(train))).toMatchObject({ trainingSuccess: 1 });
    const asked = JSON.parse(await shell('base64 -w0 ask-ann.jpg > ask.txt; curl -s "$URL" -d @ask.txt')) as Record<string, unknown>;
    expect(asked).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
    expect(Object.keys(asked).slice(0, 2)).toEqual(['foundFlag', 'foundFace']);
    const wrapped = await shell('base64 ask-ann.jpg > ask.txt; curl -s "$URL" --data-binary @ask.txt');
    expect(JSON.parse(wrapped)).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
  });

  it('Python’s requests with base64 bytes, and with their str()', async () => {
    const { stdout } = await run(PYTHON, ['-c', pythonClient, `${product.url}/${product.apiKey}`, folder.path], { timeout: 120_000 });
    const [trained, bytes, text, stranger] = JSON.parse(stdout) as Record<string, unknown>[];
    expect(trained).toMatchObject({ trainingSuccess: 1 });
    expect(bytes).toMatchObject({ foundFlag: 1, foundFace: 'Ben' });
    expect(text).toMatchObject({ foundFlag: 1, foundFace: 'Ben' });
    expect(stranger).toMatchObject({ foundFlag: 0, foundFace: null });
  });

  it('and no line that was printed holds the key, although it stood in every path', () => {
    expect(product.printed).not.toContain(product.apiKey);
    expect(product.printed).not.toMatch(/fhk_[0-9A-Za-z]{10}/);
  });
});
