import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImages, groupedSizes, ImageArchive, programNames, type ArchiveEntry } from '@facehash/images';
import { eventually, freePort, temporaryFolder } from '@facehash/testing';
import { Client } from '../support/client.js';
import { Container } from '../support/container.js';
import { images as built } from '../support/images.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';

const MB = 1e6;
const MISCONFIGURED = 64;

interface Unpacked {
  readonly archive: ImageArchive;
  readonly entries: readonly ArchiveEntry[];
  readonly rootfs: string;
}

const names = programNames.filter((name) => name in built);
const unpacked = new Map<string, Unpacked>();
let folder = '';

function image(name: string): Unpacked {
  const found = unpacked.get(name);
  if (!found) throw new Error(`the image ${name} was not built`);
  return found;
}

function container(
  name: string,
  options: { command?: readonly string[]; env?: Record<string, string>; volume?: string } = {},
): Promise<Container> {
  const { archive, rootfs } = image(name);
  return Container.start({ rootfs, config: archive.config, ...options });
}

/** What Docker calls every half minute. */
async function healthCheck(port: number): Promise<number> {
  await using check = await container('inference', { command: ['node', 'health.mjs', String(port)] });
  return await check.exited(); // before it is disposed of
}

(names.length > 0 ? describe : describe.skip)('the images', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'facehash-images-'));
    await chmod(folder, 0o755); // the user within has to get to its root
    for (const name of names) {
      const archive = await ImageArchive.open(built[name]?.archive ?? '', process.env);
      const rootfs = join(folder, name);
      await mkdir(rootfs);
      await archive.unpack(rootfs);
      unpacked.set(name, { archive, rootfs, entries: [...(await archive.entries()).values()] });
    }
  });
  afterAll(async () => {
    for (const { archive } of unpacked.values()) await archive[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  describe.each(names)('%s', (name) => {
    it('runs as a numeric user who owns no file, and can write none, beside its volume', () => {
      const { archive, entries } = image(name);
      expect(archive.config.user).toBe('10001:10001');
      const ours = entries.filter(({ owner }) => owner !== '0/0' && owner.startsWith('10001/'));
      expect(ours.map(({ path }) => path).filter((path) => path !== 'data')).toEqual([]);
      expect(entries.filter(({ mode }) => mode.startsWith('-') && mode[8] === 'w').map(({ path }) => path)).toEqual([]);
      expect(entries.filter(({ mode }) => /^-.*[sS]/.test(mode)).map(({ path }) => path)).toEqual([]);
    });

    it('says what it is, of which version, from where and under which licence', () => {
      const { labels } = image(name).archive.config;
      for (const label of ['title', 'version', 'revision', 'licenses', 'source'])
        expect(labels[`org.opencontainers.image.${label}`]).toMatch(/./);
    });

    it('lists in its bill of materials, inside and beside the archive, every npm package and Debian package that it holds', async () => {
      const { archive, entries } = image(name);
      const text = (await archive.text('app/sbom.cdx.json')) ?? '{}';
      expect(await readFile((built[name]?.archive ?? '').replace(/\.tar$/, '.cdx.json'), 'utf8')).toBe(text);
      const { components } = JSON.parse(text) as { components: readonly { name: string; 'bom-ref': string; purl: string }[] };
      const listed = new Set(components.map((component) => component['bom-ref']));
      const held = entries.flatMap(({ path }) => /^app\/(.*node_modules\/(?:@[^/]+\/)?[^/@]+)\/package\.json$/.exec(path)?.[1] ?? []);
      const installed = held.filter((place) => !place.startsWith('tensorflow/') && !/\/dist\/|\/lib\//.test(place));
      expect(installed.length).toBeGreaterThan(10);
      expect(installed.filter((place) => !listed.has(place))).toEqual([]);
      expect(components.filter(({ purl }) => purl.startsWith('pkg:deb/debian/libc6@'))).toHaveLength(1);
    });

    it('holds no tool to build or install with, no test, and nothing of the machine that built it', () => {
      const { entries } = image(name);
      const paths = entries.map(({ path }) => path);
      const unwanted = [
        /^usr\/(local\/)?s?bin\/(npm|npx|yarn|corepack|apt|apt-get|gcc|g\+\+|make|python3)$|node_modules\/(npm|node-gyp)$/,
        /(^|\/)\.(npmrc|npm|git|env)(\/|$)/,
        /^run\/secrets\/|^root\/(?!\.bashrc$|\.profile$)|^etc\/pip\.conf|^etc\/apt\//,
        /(?<!core-js\/modules\/es\.regexp)\.test\.(js|ts|mjs)$|\.map$/, // that one is RegExp.prototype.test

        /^app\/node_modules\/(typescript|jest|nx|eslint|@types|@swc|@techstark)\//,
        /^var\/(lib\/apt|cache\/apt)\/./,
      ];
      expect(paths.filter((path) => unwanted.some((pattern) => pattern.test(path)))).toEqual([]);
    });
  });

  it('are found and not built again by whoever asks for them next', async () => {
    const said: string[] = [];
    const ofPrograms = Object.fromEntries(names.map((name) => [name, built[name]]));
    expect(await buildImages(programNames, { onProgress: (line) => said.push(line) })).toEqual(ofPrograms);
    expect(said).toEqual([]);
  });

  it.each([
    ['inference', 450],
    ['operator', 250],
  ])('%s takes less than %d MB', (name, limit) => {
    const all = groupedSizes(image(name).entries).at(-1);
    expect(all?.what).toBe('all');
    expect((all?.bytes ?? Infinity) / MB).toBeLessThan(limit);
  });

  it('inference starts on an empty volume, natively, names who was enrolled, and stops when asked to', async () => {
    await using data = await temporaryFolder();
    const [port, management] = [await freePort(), await freePort()];
    const volume = join(data.path, 'volume');
    await chmod(data.path, 0o755);
    const env = { HOST: '127.0.0.1', PORT: String(port), MANAGEMENT_PORT: String(management) };
    await using inference = await container('inference', { volume, env });
    await untilReady(`http://127.0.0.1:${management}/health/ready`, inference);
    expect(inference.printed).toContain('"haar":"native"');
    expect(await healthCheck(management)).toBe(0);
    const client = new Client(`http://127.0.0.1:${port}`, (await readFile(join(volume, 'api-key'), 'utf8')).trim());
    const trained = await client.train('Ann', await sampleFaces(0, [0, 1, 2, 3]));
    expect(trained).toMatchObject({ status: 200, body: { trainingSuccess: 1, accepted: 4 } });
    expect((await client.recognize(await sampleFace(0, 9))).body).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
    expect((await client.recognize(await sampleFace(4, 9))).body).toMatchObject({ foundFlag: 0 });
    expect(await inference.stop()).toBe(0);
    expect(await healthCheck(management)).toBe(1);
  });

  it.each(['inference', 'trainer'])('%s refuses to look at pictures without the native detector', async (name) => {
    await using check = await container(name, { command: ['node', 'native-detector.mjs'] });
    expect(await check.exited()).toBe(0);
    // Where OpenCV cannot be loaded, nothing takes its place.
    const withoutOpencv = `const { dlopen } = process;
      process.dlopen = (module, path, ...rest) => {
        if (path.includes('opencv4nodejs')) throw new Error('no OpenCV here');
        return dlopen(module, path, ...rest);
      };`;
    const preload = ['--import', `data:text/javascript,${encodeURIComponent(withoutOpencv)}`];
    await using without = await container(name, { command: ['node', ...preload, 'native-detector.mjs'] });
    expect(await without.exited()).toBe(1);
    expect(without.printed).toContain('@techstark/opencv-js');
  });

  it.each(['trainer', 'trainer-gpu'].filter((name) => names.includes(name)))('%s without a run says what is missing', async (name) => {
    await using trainer = await container(name);
    expect(await trainer.exited()).toBe(MISCONFIGURED);
    expect(trainer.printed).toContain('FACEHASH_RUN is not set');
  });

  (names.includes('trainer-gpu') ? it : it.skip)('trainer-gpu computes on native TensorFlow', async () => {
    const program = `
      const { openBackend } = await import('/app/services/trainer/dist/backend.js');
      const choice = { name: 'tensorflow', addonDir: process.env.FACEHASH_TENSORFLOW_DIR, device: 'auto' };
      const { name } = await openBackend(choice, process.env, { info: () => undefined });
      console.log('computes on ' + name);`;
    await using trainer = await container('trainer-gpu', { command: ['node', '--input-type=module', '--eval', program] });
    expect(await trainer.exited()).toBe(0);
    expect(trainer.printed).toContain('computes on tensorflow');
  });

  it('operator without settings says what is missing', async () => {
    await using operator = await container('operator');
    expect(await operator.exited()).toBe(MISCONFIGURED);
    for (const name of ['FACEHASH_TRAINING_PROFILES_FILE', 'FACEHASH_S3_ENDPOINT', 'FACEHASH_NATS_SERVERS'])
      expect(operator.printed).toContain(`${name} is not set`);
  });

  it('operator without an API server is live, says why it is not ready, and stops when asked to', async () => {
    await using data = await temporaryFolder();
    const [port, nowhere] = [await freePort(), await freePort()];
    const env = await operatorSettings({ volume: join(data.path, 'volume'), port, nowhere });
    await chmod(data.path, 0o755);
    await using operator = await container('operator', { volume: join(data.path, 'volume'), env });
    const health = `http://127.0.0.1:${port}/health`;
    await untilReady(`${health}/live`, operator);
    await eventually(async () => (await (await fetch(`${health}/ready`)).text()).includes('facemodels are not synced: GET '));
    expect((await fetch(`${health}/ready`)).status).toBe(503);
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('leader_election_master_status');
    expect(await operator.stop()).toBe(0);
  });
});

/** Everything that it asks for, and nobody who answers. */
async function operatorSettings({ volume, port, nowhere }: { readonly volume: string; readonly port: number; readonly nowhere: number }) {
  await mkdir(volume);
  const kubeconfig = {
    clusters: [{ name: 'none', cluster: { server: `https://127.0.0.1:${nowhere}` } }],
    users: [{ name: 'none', user: { token: 'none' } }],
    contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
    'current-context': 'none',
  };
  await writeFile(join(volume, 'kubeconfig'), JSON.stringify(kubeconfig));
  await writeFile(join(volume, 'profiles.yaml'), 'default: { image: facehash/trainer, resources: {} }\n');
  return {
    KUBECONFIG: '/data/kubeconfig',
    FACEHASH_TRAINING_PROFILES_FILE: '/data/profiles.yaml',
    FACEHASH_S3_ENDPOINT: `http://127.0.0.1:${nowhere}`,
    FACEHASH_S3_ACCESS_KEY_ID: 'nobody',
    FACEHASH_S3_SECRET_ACCESS_KEY: 'nothing',
    FACEHASH_NATS_SERVERS: `nats://127.0.0.1:${nowhere}`,
    MANAGEMENT_PORT: String(port),
    HOST: '127.0.0.1',
  };
}

async function untilReady(url: string, running: Container): Promise<void> {
  for (const end = Date.now() + 120_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 100))) {
    if (running.over) throw new Error(`it ended:\n${running.printed.slice(-4000)}`);
    const answered = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) return;
  }
  throw new Error(`it did not become ready:\n${running.printed.slice(-4000)}`);
}
