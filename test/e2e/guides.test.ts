import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { serverBinaries } from '@facehash/test-servers';
import { temporaryFolder } from '@facehash/testing';
import { noClusterHere } from '../support/cluster.js';
import { atPort, checkout, testedBlocks } from '../support/documents.js';
import { noImages } from '../support/images.js';
import { freePort } from '../support/program.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';

const reason = noImages ?? (await noClusterHere());
const STEP_TIMEOUT_MS = 280_000;
/** What they print belongs to nobody's checkout. */
const notLinked: readonly string[] = ['.git', 'try', 'data'];

describe('docs/install.md and docs/operate.md, followed to the letter', () => {
  if (reason === undefined) followed();
  else it.skip(`are not tested: ${reason}`, () => undefined);
});

/** In an empty folder that holds the checkout, as links, with a shell that knows kubectl and Helm. */
function followed(): void {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let install: readonly string[];
  let env: NodeJS.ProcessEnv;
  let port: number;

  beforeAll(async () => {
    folder = await temporaryFolder();
    for (const name of await readdir(checkout)) {
      if (!notLinked.includes(name)) await symlink(join(checkout, name), join(folder.path, name));
    }
    for (const [i, photo] of (await sampleFaces(0, [0, 1, 2])).entries()) await writeFile(join(folder.path, `ann${i + 1}.jpg`), photo);
    await writeFile(join(folder.path, 'photo.jpg'), await sampleFace(0, 9));
    install = await testedBlocks('docs/install.md', 'install');
    port = await freePort();
    const programs = await serverBinaries(['kubectl', 'helm']);
    const home = join(folder.path, 'home');
    await mkdir(home);
    const path = [...Object.values(programs).map(dirname), dirname(process.execPath), process.env['PATH']];
    env = {
      PATH: path.join(delimiter),
      HOME: home,
      // What is built already, as the home is another one: programs lie in <cache>/servers/<module>.
      FACEHASH_CACHE_DIR: resolve(programs['kubectl'] ?? '', '../../..'),
      FACEHASH_TEST_RUN: process.env['FACEHASH_TEST_RUN'],
    };
  });

  afterAll(async () => {
    // Where a step before it failed.
    await shell('npm run cluster -- down --state ./try/cluster').catch(() => undefined);
    await folder[Symbol.asyncDispose]();
  });

  it('brings a cluster up and gives it the images', async () => {
    await shell(install.slice(0, 2).join('\n'));
  });

  it('installs, and tests what was installed', async () => {
    expect(await shell(install[2] ?? '')).toMatch(/^Phase: +Succeeded$/m);
  });

  it('has somebody recognised', async () => {
    const said = await shell((install[3] ?? '').replace(' 5000:80', ` ${port}:80`));
    expect(JSON.parse(said.slice(said.lastIndexOf('{"foundFlag"')))).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
  });

  it('upgrades, backs up, restores, rotates and suspends', async () => {
    const blocks = await testedBlocks('docs/operate.md', 'bash');
    for (const block of blocks) await shell(block);
    expect(await shell('kubectl get fm front-door')).toMatch(/front-door +Ready/);
  });

  it('takes everything away again', async () => {
    await shell(install[4] ?? '');
    expect(install).toHaveLength(5);
  });

  /** What it prints; rejects with that, too. */
  async function shell(script: string): Promise<string> {
    const known = 'if [ -f ./try/environment ]; then . ./try/environment; fi';
    const text = `${known}\n${atPort(script, port)}`;
    const options = { cwd: folder.path, env, timeout: STEP_TIMEOUT_MS, maxBuffer: 16 * 2 ** 20 };
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-ceu', '-o', 'pipefail', text], options).catch((error: unknown) => {
      const { stdout: said = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${script}\n${said.slice(-2000)}\n${stderr.slice(-2000)}`);
    });
    return stdout.trim();
  }
}
