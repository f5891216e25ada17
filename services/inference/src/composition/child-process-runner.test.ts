import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunSpec } from '@facehash/artifacts';
import { noTracer, systemClock } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import type { ObservedRun, TrainingRunner } from '@facehash/local-controller';
import { temporaryFolder, type TemporaryFolder } from '@facehash/testing';
import { openChildProcessRunner } from './child-process-runner.js';

const spec: RunSpec = {
  v: 1,
  run: 'run-1',
  storageId: 'fm-0001-test',
  snapshot: 3,
  version: 'v-000000000001',
  pipeline: 'p1',
  hyperparameters: { hiddenUnits: [], epochs: 0, batchSize: 1, learningRate: 0.1, dropout: 0, l2: 0, seed: 1 },
  accelerator: null,
  falseAcceptTarget: 0.01,
  quarantined: [],
  gateMode: 'Off',
  activeVersion: null,
  deadlineSeconds: 60,
};

const tell = (outcome: unknown): string =>
  `require('node:fs').writeFileSync(process.env.FACEHASH_TERMINATION_MESSAGE, ${JSON.stringify(JSON.stringify(outcome))});`;
const progress = (percent: number): string => `console.log(JSON.stringify({ type: 'progress', stage: 'Fitting', percent: ${percent} }));`;
const noObjects = (): Promise<Record<string, string>> => Promise.resolve({});
const untilParentGoes = `process.stdin.on('end', () => process.exit(0)).resume();`;

describe('a training run in a child process', () => {
  let folder: TemporaryFolder;
  const runners: TrainingRunner[] = [];
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    for (const runner of runners.splice(0)) await runner.close();
    await folder[Symbol.asyncDispose]();
  });

  /** A runner whose trainer is this program. */
  const runnerOf = async (program: string, environment: Record<string, string> = {}, objectsFor = noObjects) => {
    const trainer = join(folder.path, 'trainer.cjs');
    await writeFile(trainer, program);
    const logger = new RecordingLogger();
    const runner = await openChildProcessRunner({
      trainer,
      environment,
      objectsFor,
      messagesDir: join(folder.path, 'runs'),
      clock: systemClock,
      logger,
      tracer: noTracer,
    });
    runners.push(runner);
    return runner;
  };
  const until = async (runner: TrainingRunner, holds: (run: ObservedRun | undefined) => boolean): Promise<ObservedRun | undefined> => {
    while (!holds(runner.runs()[0]))
      await new Promise<void>((resolve) => {
        const done = () => (stop(), clearTimeout(timer), resolve());
        const stop = runner.onChange(done);
        const timer = setTimeout(done, 50);
      });
    return runner.runs()[0];
  };
  const ended = (runner: TrainingRunner) => until(runner, (run) => run?.outcome !== undefined);

  it('is started with its spec and nothing else of the environment', async () => {
    const out = join(folder.path, 'seen.json');
    const runner = await runnerOf(`require('node:fs').writeFileSync(process.env.OUT, JSON.stringify(process.env))`, {
      OUT: out,
      PATH: '/bin',
    });
    await runner.start(spec);
    await ended(runner);
    const seen = JSON.parse(await readFile(out, 'utf8')) as Record<string, string>;
    expect(Object.keys(seen).sort()).toEqual(['FACEHASH_EXIT_WITH_PARENT', 'FACEHASH_RUN', 'FACEHASH_TERMINATION_MESSAGE', 'OUT', 'PATH']);
    expect(JSON.parse(seen['FACEHASH_RUN'] ?? '')).toEqual(spec);
  });

  it('tells how far it is', async () => {
    const runner = await runnerOf(`console.log('no progress'); ${progress(40)} ${untilParentGoes}`);
    await runner.start(spec);
    const run = await until(runner, (r) => r?.progress !== undefined);
    expect(run).toMatchObject({ spec, progress: { stage: 'Fitting', percent: 40 } });
    expect(run).not.toHaveProperty('outcome');
  });

  it.each([
    ['trained', tell({ outcome: 'trained', version: spec.version }), { outcome: 'trained', version: spec.version }],
    [
      'refused',
      `${tell({ outcome: 'refused', code: 'VERSION_REFUSED', message: 'worse' })} process.exitCode = 3`,
      { outcome: 'refused', message: 'worse' },
    ],
    [
      'untrainable',
      `${tell({ outcome: 'failed', code: 'TRAINING_FAILED', message: 'no faces', retryable: false })} process.exitCode = 4`,
      { outcome: 'failed', retryable: false, message: 'no faces' },
    ],
    [
      'killed from outside',
      `process.kill(process.pid, 'SIGKILL')`,
      { outcome: 'failed', retryable: true, message: 'the trainer was ended by SIGKILL' },
    ],
    ['crashed', `process.exit(1)`, { outcome: 'failed', retryable: true }],
  ])('that was %s says so', async (_how, program, outcome) => {
    const runner = await runnerOf(program);
    await runner.start(spec);
    expect((await ended(runner))?.outcome).toMatchObject(outcome);
  });

  it('is there until it is forgotten, and is not started twice', async () => {
    const runner = await runnerOf('process.exit(0)');
    await runner.start(spec);
    await runner.start(spec);
    expect(runner.runs()).toHaveLength(1);
    runner.forget(spec.run);
    expect(runner.runs()).toHaveLength(1);
    await ended(runner);
    runner.forget(spec.run);
    expect(runner.runs()).toEqual([]);
  });

  it('that is cancelled is gone without an outcome when the cancelling is done', async () => {
    const runner = await runnerOf(`${progress(1)} ${untilParentGoes}`);
    await runner.start(spec);
    await until(runner, (r) => r?.progress !== undefined);
    const changes: string[] = [];
    runner.onChange((id) => changes.push(id));
    await runner.cancel(spec.run);
    expect(runner.runs()).toEqual([]);
    expect(changes).toEqual([]);
    await runner.cancel(spec.run);
  });

  it('is asked to end, and not only killed, when the runner closes', async () => {
    const out = join(folder.path, 'asked');
    const runner = await runnerOf(
      `process.on('SIGTERM', () => { require('node:fs').writeFileSync(process.env.OUT, 'yes'); process.exit(75); }); ${progress(1)} ${untilParentGoes}`,
      { OUT: out },
    );
    await runner.start(spec);
    await until(runner, (r) => r?.progress !== undefined);
    await runner.close();
    expect(await readFile(out, 'utf8')).toBe('yes');
  });

  it('tells of every change by the model that it is of', async () => {
    const runner = await runnerOf(`${progress(1)} process.exitCode = 0`);
    const changes: string[] = [];
    runner.onChange((id) => changes.push(id));
    await runner.start(spec);
    await ended(runner);
    expect(new Set(changes)).toEqual(new Set(['fm-0001-test']));
  });
});
