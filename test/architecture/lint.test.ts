import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { canaries, type Canary } from './canaries.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const nx = join(root, 'node_modules/nx/dist/bin/nx.js');

interface Linted extends Canary {
  readonly problems: readonly { readonly rule: string | null; readonly message: string }[];
}

describe('the lint rules that hold the architecture', () => {
  let linted: readonly Linted[] = [];
  let printed = '';

  beforeAll(async () => {
    ({ linted, printed } = await lint(canaries));
  });

  it('are all in force: none was skipped for want of a project graph', () => {
    expect(printed).not.toContain('will be skipped');
    expect(linted).toHaveLength(canaries.length);
  });

  it('looked at every text: none was a parsing error or stood for a file that is gone', () => {
    expect(linted.filter(({ problems }) => problems.some(({ rule }) => rule === null)).map(({ as }) => as)).toEqual([]);
  });

  it.each(canaries.filter(({ refused }) => refused))('refuse that $what', ({ what, refused }) => {
    const { problems } = linted.find((result) => result.what === what) ?? { problems: [] };
    expect(problems).toContainEqual({ rule: refused?.rule, message: expect.stringContaining(refused?.saying ?? '') });
  });

  it.each(canaries.filter(({ refused }) => !refused))('allow that $what', ({ what }) => {
    expect(linted.find((result) => result.what === what)?.problems).toEqual([]);
  });
});

async function lint(texts: readonly Canary[]): Promise<{ linted: readonly Linted[]; printed: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'facehash-lint-'));
  const [input, output] = [join(folder, 'texts.json'), join(folder, 'results.json')];
  try {
    await writeFile(input, JSON.stringify(texts));
    const env = { ...process.env, NX_ISOLATE_PLUGINS: 'false', LINT_TEXTS: input, LINT_TEXTS_RESULTS: output };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [nx, 'run', 'facehash:lint-texts'], {
      cwd: root,
      env,
      timeout: 240_000,
    });
    return { linted: JSON.parse(await readFile(output, 'utf8')) as readonly Linted[], printed: stdout + stderr };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
