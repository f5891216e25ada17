import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsedLine } from './archive.js';
import { buildImages, publicAddress } from './build.js';
import { parseCommand } from './command-line.js';
import { npmrcLines, pipLines } from './host-settings.js';
import { fillServerContext } from './server-image.js';
import { groupedSizes } from './sizes.js';
import { stepOf } from './steps-of-build.js';

describe('what the host tells a build', () => {
  it('is where npm downloads from and as whom, with variables filled in, and no path of the host', () => {
    const text = [
      'registry=https://npm.example.org/',
      '//npm.example.org/:_authToken=${TOKEN}',
      '@ours:registry=https://ours.example.org/',
      'cafile=/etc/ssl/ca.pem',
      'prefix=/opt/npm',
      '; a comment',
    ].join('\n');
    expect(npmrcLines([text], { TOKEN: 'abc' })).toEqual([
      'registry=https://npm.example.org/',
      '//npm.example.org/:_authToken=abc',
      '@ours:registry=https://ours.example.org/',
    ]);
  });

  it('is pip’s index, by the environment before the settings', () => {
    const listed = "global.index-url='https://a.example.org/'\nglobal.find-links='/opt/wheels'\nglobal.timeout='60'";
    expect(pipLines(listed, { PIP_INDEX_URL: 'https://b.example.org/' })).toEqual(['index-url = https://b.example.org/', 'timeout = 60']);
  });
});

it.each([
  ['[5/12] STEP 6/6: RUN --mount=type=cache,id=x,target=/y     npm ci', '5/12 RUN npm ci'],
  ['STEP 1/3: FROM scratch', 'FROM scratch'],
  ['added 376 packages in 44s', undefined],
])('of what buildah prints, %s is the step %s', (line, step) => expect(stepOf(line)).toBe(step));

it.each([
  [
    '-rw-r--r-- 0/0             236 1970-01-01 00:00 app/health.mjs',
    { path: 'app/health.mjs', mode: '-rw-r--r--', owner: '0/0', bytes: 236 },
  ],
  ['drwx------ 10001/10001       0 1970-01-01 00:00 ./data/', { path: 'data', mode: 'drwx------', owner: '10001/10001', bytes: 0 }],
  ['lrwxrwxrwx 0/0               0 2026-01-01 00:00 bin -> usr/bin', { path: 'bin', mode: 'lrwxrwxrwx', owner: '0/0', bytes: 0 }],
])('an entry of an archive is read from %s', (line, entry) => expect(parsedLine(line)).toEqual([entry]));

it('an image’s size is told by what fills it, the largest first, and in all', () => {
  const file = (path: string, bytes: number) => ({ path, bytes, mode: '-rw-r--r--', owner: '0/0' });
  const files = [
    file('usr/local/bin/node', 5),
    file('app/node_modules/zod/index.js', 2),
    file('app/node_modules/fastify/x.js', 1),
    file('etc/passwd', 1),
  ];
  expect(groupedSizes(files)).toEqual([
    { what: 'Node.js', bytes: 5 },
    { what: 'other npm packages', bytes: 3 },
    { what: 'Debian', bytes: 1 },
    { what: 'all', bytes: 9 },
  ]);
});

describe('what is asked for', () => {
  it('is the images of the programs where none is named', () => {
    expect(parseCommand(['build'])).toMatchObject({
      command: 'build',
      names: ['operator', 'inference', 'trainer', 'trainer-gpu'],
      tensorflow: 'cpu',
    });
  });

  it.each([[['bild']], [[]], [['build', '--tensorflow', 'rocm']], [['build', '--colour']]])(
    '%j is answered with how it is used',
    (args) => {
      expect(() => parseCommand(args)).toThrow(/Usage: npm run images/);
    },
  );

  it('has a name that there is', async () => {
    await expect(buildImages(['inference', 'interference'])).rejects.toMatchObject({
      code: 'unknownName',
      message: expect.stringContaining('interference.'),
    });
  });
});

it.each([
  ['https://user:secret@git.example.org/a/b.git', 'https://git.example.org/a/b.git'],
  ['git@git.example.org:a/b.git', 'unknown'],
  ['/srv/checkouts/b', 'unknown'],
])('the source of a checkout of %s is %s', (remote, address) => expect(publicAddress(remote)).toBe(address));

it('a server that needs a C library is refused for an image that has none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'facehash-server-image-'));
  try {
    await writeFile(join(folder, 'dynamic'), '\x7fELF …/lib64/ld-linux-x86-64.so.2');
    await expect(fillServerContext(folder, join(folder, 'dynamic'))).rejects.toMatchObject({ code: 'buildFailed' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
