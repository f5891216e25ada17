import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { serverBinaries } from '@facehash/test-servers';
import { temporaryFolder } from '@facehash/testing';
import { checkout } from './documents.js';

const STEP_TIMEOUT_MS = 280_000;
const OUTPUT_BYTES_MAX = 16 * 2 ** 20;
/** What they print belongs to nobody's checkout. */
const notLinked: readonly string[] = ['.git', 'try', 'data'];
/** What a guide starts in the background ends with its block. */
const prelude = `trap 'kill $(jobs -p) 2> /dev/null || :' EXIT`;

export interface Said {
  readonly stdout: string;
  readonly stderr: string;
}

/** What a reader of a guide has: an empty folder that holds the checkout, as links, and a shell that knows kubectl and Helm. */
export class GuideShell implements AsyncDisposable {
  private constructor(
    private readonly temporary: Awaited<ReturnType<typeof temporaryFolder>>,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async start(more: NodeJS.ProcessEnv = {}): Promise<GuideShell> {
    const folder = await temporaryFolder();
    for (const name of await readdir(checkout)) {
      if (!notLinked.includes(name)) await symlink(join(checkout, name), join(folder.path, name));
    }
    const programs = await serverBinaries(['kubectl', 'helm']);
    const home = join(folder.path, 'home');
    await mkdir(home);
    const path = [...Object.values(programs).map(dirname), dirname(process.execPath), process.env['PATH']];
    return new GuideShell(folder, {
      PATH: path.join(delimiter),
      HOME: home,
      // What is built already, as the home is another one: programs lie in <cache>/servers/<module>.
      FACEHASH_CACHE_DIR: resolve(programs['kubectl'] ?? '', '../../..'),
      FACEHASH_TEST_RUN: process.env['FACEHASH_TEST_RUN'],
      ...more,
    });
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    await writeFile(join(this.temporary.path, name), content);
  }

  /** What it printed, each of its commands having succeeded; rejects with that and what it complained of. */
  async run(script: string): Promise<string> {
    return (await this.#bash('-ceu', script)).stdout.trim();
  }

  /** What it printed and complained of, whatever became of each command: what is looked for may not be there. */
  async look(script: string): Promise<Said> {
    return this.#bash('-cu', `${script}\n:`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.temporary[Symbol.asyncDispose]();
  }

  async #bash(flags: string, script: string): Promise<Said> {
    const options = { cwd: this.temporary.path, env: this.env, timeout: STEP_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX };
    const args = ['--norc', flags, '-o', 'pipefail', `${prelude}\n${script}`];
    return promisify(execFile)('bash', args, options).catch((error: unknown) => {
      const { stdout = '', stderr = '' } = error as Partial<Said>;
      throw new Error(`${script}\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`);
    });
  }
}
