import { eventually, freePort } from '@facehash/testing';
import { IN_CLUSTER, noClusterHere } from '../support/cluster.js';
import { atPort, commandsOf, testedBlocks, untestedCommands } from '../support/documents.js';
import { GuideShell } from '../support/guide-shell.js';
import { noImages } from '../support/images.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';

const reason = noImages ?? (await noClusterHere());
const RUNBOOKS = 'docs/runbooks.md';

/** What kubectl says beside what it was asked. */
const remarks = [/^$/, /^Found \d+ pods, using pod\//, /^Defaulted container /];
/** What a cluster like this one has not, and what nothing happened to. */
const notHere = [
  /^error: Metrics API not available$/,
  /^error: the server doesn't have a resource type "servicemonitors"$/,
  /^Error from server \(BadRequest\): previous terminated container "[\w-]+" in pod "[\w-]+" not found$/,
];
const nothingTrained = /^No resources found in facehash namespace\.$/;

describe('docs/install.md, docs/operate.md and docs/runbooks.md, followed to the letter', () => {
  it.each(['docs/install.md', 'docs/operate.md'])('%s has no command that no test runs', async (document) => {
    expect(await untestedCommands(document)).toEqual([]);
  });

  if (reason === undefined) followed();
  else it.skip(`are not tested in a cluster: ${reason}`, () => undefined);
});

function followed(): void {
  let shell: GuideShell;
  let install: readonly string[];
  let port: number;

  beforeAll(async () => {
    shell = await GuideShell.start();
    for (const [i, photo] of (await sampleFaces(0, [0, 1, 2])).entries()) await shell.write(`ann${i + 1}.jpg`, photo);
    await shell.write('photo.jpg', await sampleFace(0, 9));
    install = await testedBlocks('docs/install.md', 'install');
    port = await freePort();
  });

  afterAll(async () => {
    // Where a step before it failed.
    await shell.run('npm run cluster -- down --state ./try/cluster').catch(() => undefined);
    await shell[Symbol.asyncDispose]();
  });

  it('brings a cluster up and gives it the images', async () => {
    await run(install.slice(0, 2).join('\n'));
  });

  it('installs, and tests what was installed', async () => {
    expect(await run(install[2] ?? '')).toMatch(/^Phase: +Succeeded$/m);
  });

  it('has somebody recognised', async () => {
    const said = await run(install[3] ?? '');
    expect(JSON.parse(said.slice(said.lastIndexOf('{"foundFlag"')))).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
  });

  it('upgrades, backs up, restores, rotates, scales and suspends, and does what incidents ask for', async () => {
    const VERSION = await run(`kubectl get fm front-door -o jsonpath='{.status.activeVersion.name}'`);
    for (const block of await testedBlocks('docs/operate.md', 'bash')) await run(block.replaceAll('VERSION', VERSION));
    expect(await run('kubectl get fm front-door')).toMatch(/front-door +Ready/);
  });

  it('looks where incidents and alerts say', async () => {
    // A container that only begins has no log yet, one that ends takes no command.
    for (const name of ['operator', 'inference']) await run(`kubectl rollout status -n facehash deploy/facehash-${name} --timeout=300s`);
    await eventually(
      () => run(`kubectl get pods -n facehash -l 'app.kubernetes.io/component in (operator,inference)' -o name`),
      (pods) => pods.split('\n').length === 4,
      IN_CLUSTER,
    );
    const [first = '', ...others] = await commandsOf(RUNBOOKS);
    const [ready = ''] = first.match(/^ready\(\).*$/m) ?? [];
    expect((await look(first)).split('"directory"')).toHaveLength(3);
    for (const block of [...(await testedBlocks('docs/operate.md', 'look')), ...others]) await look(`${ready}\n${block}`);
  });

  it('takes everything away again', async () => {
    await run(install[4] ?? '');
    expect(install).toHaveLength(5);
  });

  function run(block: string): Promise<string> {
    return shell.run(filled(block));
  }

  /** What there was to see. What is looked for may not be there; what is asked must be understood. */
  async function look(block: string): Promise<string> {
    const { stdout, stderr } = await shell.look(filled(block));
    const expected = [...remarks, ...notHere, ...(block.includes('component=trainer') ? [nothingTrained] : [])];
    const complaints = stderr.split('\n').filter((line) => !expected.some((known) => known.test(line)));
    expect({ block, complaints }).toEqual({ block, complaints: [] });
    return stdout;
  }

  /** As whoever follows a guide fills in what is theirs. */
  function filled(block: string): string {
    const known = 'if [ -f ./try/environment ]; then . ./try/environment; fi';
    const text = block
      .replaceAll('NAMESPACE', 'default')
      .replaceAll(/\bNAME\b(?!:)/g, 'front-door')
      .replace(' 5000:80', ` ${port}:80`);
    return `${known}\n${atPort(text, port)}`;
  }
}
