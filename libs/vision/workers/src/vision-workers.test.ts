import { fileURLToPath } from 'node:url';
import { systemClock, systemRandom } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import { sourceFlags } from '@facehash/testing';
import { PIPELINE_ID, portrait, type Analysis } from '@facehash/vision-core';
import { aDescriptor, someLandmarks } from '@facehash/vision-core/testing';
import { openVisionWorkers, type LaneLimits, type VisionJob, type VisionWorkers, type VisionWorkersOptions } from './index.js';

const program = fileURLToPath(new URL('./testing/scripted-worker.ts', import.meta.url));
const anyQueue: LaneLimits = { waitingMax: { recognition: 2, enrolment: 2 }, waitMaxMs: { recognition: 60_000, enrolment: 60_000 } };
const image = (script: string): Uint8Array => new TextEncoder().encode(script);

interface Pool extends AsyncDisposable {
  readonly workers: VisionWorkers;
  readonly logger: RecordingLogger;
  ask(script: string, signal?: AbortSignal): Promise<Analysis>;
}

async function aPool(options: Partial<VisionWorkersOptions> = {}): Promise<Pool> {
  const logger = new RecordingLogger();
  const workers = await openVisionWorkers({
    program,
    execArgv: sourceFlags,
    env: { FACEHASH_TEST_RUN: process.env['FACEHASH_TEST_RUN'] ?? '' },
    processes: 1,
    queue: anyQueue,
    imageTimeoutMs: 5000,
    clock: systemClock,
    random: systemRandom,
    logger,
    ...options,
  });
  return {
    workers,
    logger,
    ask: (script, signal) => workers.analyse(image(script), portrait, signal),
    [Symbol.asyncDispose]: () => workers.close(),
  };
}

const none = { recognition: 0, enrolment: 0 };
/** Which process answered. */
const pidOf = (analysis: Analysis): number => (analysis.readable ? analysis.height : Number.NaN);
const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const latest = Date.now() + 10_000; !(await condition()); await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (Date.now() > latest) throw new Error('it never happened');
  }
}

describe('vision workers', () => {
  it('answer with what the analyser in them says, errors included', async () => {
    await using pool = await aPool();
    expect(await pool.ask('face')).toMatchObject({ readable: true, width: 4 });
    const descriptor = await pool.workers.describe(image('abc'), someLandmarks(), PIPELINE_ID);
    expect([...descriptor]).toEqual([...aDescriptor(3)]);
    await expect(pool.ask('fail')).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE', details: { detail: 'torn' } });
    expect(pool.workers.figures()).toMatchObject({
      workers: 1,
      busy: 0,
      waiting: none,
      replaced: { crash: 0, hang: 0, memory: 0, jobs: 0 },
    });
  });

  it('work in several processes at once', async () => {
    await using pool = await aPool({ processes: 2 });
    const pids = await Promise.all([pool.ask('wait 300'), pool.ask('wait 300')]);
    expect(new Set(pids.map(pidOf)).size).toBe(2);
    expect(new Set(pids.map(pidOf)).has(process.pid)).toBe(false);
  });

  it('let a bounded number wait and refuse the next', async () => {
    await using pool = await aPool({ queue: { ...anyQueue, waitingMax: { recognition: 2, enrolment: 0 } } });
    const waiting = [pool.ask('wait 200'), pool.ask('face'), pool.ask('face')];
    expect(pool.workers.figures()).toMatchObject({ busy: 1, waiting: { recognition: 2, enrolment: 0 } });
    await expect(pool.ask('face')).rejects.toMatchObject({ code: 'OVERLOADED', details: { why: 'full', waiting: 2 } });
    await Promise.all(waiting);
    expect(pool.workers.figures()).toMatchObject({ busy: 0, waiting: none });
  });

  it('forget a request whose caller gave up, in the queue as well as at work', async () => {
    await using pool = await aPool();
    const [working, queued] = [new AbortController(), new AbortController()];
    const gaveUp = new Error('gave up');
    const first = pool.ask('wait 300', working.signal);
    const second = pool.ask('face', queued.signal);
    queued.abort(gaveUp);
    await expect(second).rejects.toBe(gaveUp);
    expect(pool.workers.figures()).toMatchObject({ busy: 1, waiting: none });
    working.abort(gaveUp);
    await expect(first).rejects.toBe(gaveUp);
    // It is still at work; the next waits for it and gets its own answer.
    expect(await pool.ask('abcdefg')).toMatchObject({ width: 7 });
    await expect(pool.ask('face', AbortSignal.abort(gaveUp))).rejects.toBe(gaveUp);
  });

  it('replace one that was killed; whoever waited for it gets an answer from the next', async () => {
    await using pool = await aPool();
    const pid = pidOf(await pool.ask('face'));
    const answer = pool.ask('wait 1000');
    process.kill(pid, 'SIGKILL');
    const other = pidOf(await answer);
    expect(other).not.toBe(pid);
    expect(pool.workers.figures()).toMatchObject({ workers: 1, replaced: { crash: 1 } });
    expect(pool.logger.lines).toContainEqual(
      expect.objectContaining({ message: 'a vision worker is gone', fields: expect.objectContaining({ worker: pid, signal: 'SIGKILL' }) }),
    );
  });

  it('call a picture unreadable that ended two of them, show it to no third one, and answer all others', async () => {
    await using pool = await aPool();
    const unreadable = { readable: false, problem: 'IMAGE_UNREADABLE' };
    expect(await pool.ask('crash')).toMatchObject(unreadable);
    expect(await pool.ask('face')).toMatchObject({ readable: true });
    expect(pool.workers.figures()).toMatchObject({ condemned: 1, replaced: { crash: 2 } });
    expect(await pool.ask('crash')).toMatchObject(unreadable);
    await expect(pool.workers.describe(image('crash'), someLandmarks(), PIPELINE_ID)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
    expect(pool.workers.figures().replaced.crash).toBe(2);
  });

  it('count the first one that a picture ended, too, when its caller hung up before the second', async () => {
    await using pool = await aPool();
    const gone = new AbortController();
    const first = pool.ask('crash', gone.signal);
    gone.abort();
    await expect(first).rejects.toThrow();
    await until(() => pool.workers.figures().replaced.crash === 1 && pool.workers.ready);
    expect(await pool.ask('crash')).toMatchObject({ readable: false, problem: 'IMAGE_UNREADABLE' });
    expect(pool.workers.figures()).toMatchObject({ condemned: 1, replaced: { crash: 2 } });
  });

  it('hold no accident against a picture that was read afterwards', async () => {
    await using pool = await aPool();
    for (let accident = 1; accident <= 2; accident++) {
      const pid = pidOf(await pool.ask('face'));
      const answer = pool.ask('wait 300');
      process.kill(pid, 'SIGKILL');
      expect(await answer).toMatchObject({ readable: true });
    }
    expect(pool.workers.figures()).toMatchObject({ condemned: 0, replaced: { crash: 2 } });
  });

  it('end one that hangs, and call the picture unreadable', async () => {
    await using pool = await aPool({ imageTimeoutMs: 300 });
    await expect(pool.workers.describe(image('hang'), someLandmarks(), PIPELINE_ID)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
    expect(await pool.ask('face')).toMatchObject({ readable: true });
    expect(await pool.ask('hang')).toMatchObject({ readable: false });
    expect(pool.workers.figures().replaced).toMatchObject({ crash: 0, hang: 1 });
  });

  it('are not ready while there is none', async () => {
    await using pool = await aPool();
    expect(pool.workers.ready).toBe(true);
    process.kill(pidOf(await pool.ask('face')), 'SIGKILL');
    await until(() => !pool.workers.ready);
    await until(() => pool.workers.ready);
  });

  it('stay for Ctrl-C and leave when the pool closes; what waits is told so', async () => {
    const pool = await aPool();
    const pid = pidOf(await pool.ask('face'));
    process.kill(pid, 'SIGINT');
    process.kill(pid, 'SIGTERM');
    expect(pidOf(await pool.ask('face'))).toBe(pid);
    const [working, waiting] = [pool.ask('wait 60000'), pool.ask('face')];
    const ends = Promise.allSettled([working, waiting]);
    await pool.workers.close();
    expect(await ends).toMatchObject([{ reason: { code: 'SHUTTING_DOWN' } }, { reason: { code: 'SHUTTING_DOWN' } }]);
    expect(alive(pid)).toBe(false);
    await expect(pool.ask('face')).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  it('that cannot start are an error at once, with none left running', async () => {
    await expect(aPool({ env: { FAIL_TO_START: '1' } })).rejects.toMatchObject({ code: 'INTERNAL', details: { code: 1 } });
    await expect(aPool({ env: { FAIL_TO_START: 'saying why' } })).rejects.toMatchObject({
      code: 'INTERNAL',
      details: { why: 'a.onnx: torn' },
    });
  });

  it('let recognition go before what is enrolled', async () => {
    await using pool = await aPool({ queue: { ...anyQueue, waitingMax: { recognition: 2, enrolment: 2 } } });
    const order: string[] = [];
    const busy = pool.ask('wait 100');
    const photo = pool.workers.forEnrolment.analyse(image('photo'), portrait).then(() => order.push('photo'));
    const person = pool.ask('person').then(() => order.push('person'));
    expect(pool.workers.figures().waiting).toEqual({ recognition: 1, enrolment: 1 });
    await Promise.all([busy, photo, person]);
    expect(order).toEqual(['person', 'photo']);
  });

  it('end the wait of those whose time is up while every worker is busy', async () => {
    await using pool = await aPool({ queue: { ...anyQueue, waitMaxMs: { recognition: 50, enrolment: 60_000 } } });
    const busy = pool.ask('wait 1000');
    await expect(pool.ask('face')).rejects.toMatchObject({ code: 'OVERLOADED', details: { lane: 'recognition', why: 'late' } });
    expect(pool.workers.figures()).toMatchObject({ waiting: none, refused: { recognition: { full: 0, late: 1 } } });
    await busy;
  });

  it('tell what became of each job, stage by stage', async () => {
    const jobs: VisionJob[] = [];
    await using pool = await aPool({ onJob: (job) => jobs.push(job) });
    await pool.ask('face');
    expect(jobs).toMatchObject([{ kind: 'analyse', lane: 'recognition', stages: [{ stage: 'decode' }] }]);
    expect(pool.workers.figures().rssBytes).toEqual([expect.any(Number)]);
  });
});

describe('a worker that is worn out', () => {
  /** Resident memory of a fresh one. */
  async function freshBytes(): Promise<number> {
    await using pool = await aPool();
    await pool.ask('face');
    return pool.workers.figures().rssBytes[0] ?? Number.NaN;
  }

  it('because it grew is replaced by one that is ready, and no request is refused meanwhile', async () => {
    const grown = 64 * 2 ** 20;
    await using pool = await aPool({
      rssBytesMax: (await freshBytes()) + grown / 2,
      queue: { ...anyQueue, waitingMax: { recognition: 0, enrolment: 0 } },
    });
    const first = pidOf(await pool.ask(`grow ${grown}`));
    // One at a time, so that a moment without a worker would be a refusal: nobody may wait.
    let last = first;
    await until(async () => (last = pidOf(await pool.ask('face'))) !== first);
    expect(alive(last)).toBe(true);
    await until(() => !alive(first));
    expect(pool.workers.figures()).toMatchObject({ workers: 1, replaced: { crash: 0, memory: 1 } });
  });

  it('because it did its share finishes what it is at first', async () => {
    await using pool = await aPool({ jobsMax: 1 });
    const first = pidOf(await pool.ask('face'));
    const under = pool.ask('wait 3000');
    await until(() => pool.workers.figures().replaced.jobs === 1);
    expect(pool.workers.figures().workers).toBe(1);
    expect(pidOf(await pool.ask('face'))).not.toBe(first);
    expect(pidOf(await under)).toBe(first);
    await until(() => !alive(first));
  });
});
