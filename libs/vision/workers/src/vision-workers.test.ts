import { fileURLToPath } from 'node:url';
import { systemClock, systemRandom } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import { sourceFlags } from '@facehash/testing';
import { portrait, type Analysis } from '@facehash/vision-core';
import { aDescriptor, someLandmarks } from '@facehash/vision-core/testing';
import { openVisionWorkers, type VisionWorkers, type VisionWorkersOptions } from './index.js';

const program = fileURLToPath(new URL('./testing/scripted-worker.ts', import.meta.url));
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
    queueMax: 2,
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

/** Which process answered. */
const pidOf = (analysis: Analysis): number => (analysis.readable ? analysis.height : Number.NaN);
const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
async function until(condition: () => boolean): Promise<void> {
  for (const latest = Date.now() + 10_000; !condition(); await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (Date.now() > latest) throw new Error('it never happened');
  }
}

describe('vision workers', () => {
  it('answer with what the analyser in them says, errors included', async () => {
    await using pool = await aPool();
    expect(await pool.ask('face')).toMatchObject({ readable: true, width: 4 });
    const descriptor = await pool.workers.describe(image('abc'), someLandmarks());
    expect([...descriptor]).toEqual([...aDescriptor(3)]);
    await expect(pool.ask('fail')).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE', details: { detail: 'torn' } });
    expect(pool.workers.figures()).toEqual({ workers: 1, busy: 0, waiting: 0, restarts: 0 });
  });

  it('work in several processes at once', async () => {
    await using pool = await aPool({ processes: 2 });
    const pids = await Promise.all([pool.ask('wait 300'), pool.ask('wait 300')]);
    expect(new Set(pids.map(pidOf)).size).toBe(2);
    expect(new Set(pids.map(pidOf)).has(process.pid)).toBe(false);
  });

  it('let a bounded number wait and refuse the next', async () => {
    await using pool = await aPool({ queueMax: 2 });
    const waiting = [pool.ask('wait 200'), pool.ask('face'), pool.ask('face')];
    expect(pool.workers.figures()).toMatchObject({ busy: 1, waiting: 2 });
    await expect(pool.ask('face')).rejects.toMatchObject({ code: 'OVERLOADED', details: { waiting: 2 } });
    await Promise.all(waiting);
    expect(pool.workers.figures()).toMatchObject({ busy: 0, waiting: 0 });
  });

  it('forget a request whose caller gave up, in the queue as well as at work', async () => {
    await using pool = await aPool();
    const [working, queued] = [new AbortController(), new AbortController()];
    const gaveUp = new Error('gave up');
    const first = pool.ask('wait 300', working.signal);
    const second = pool.ask('face', queued.signal);
    queued.abort(gaveUp);
    await expect(second).rejects.toBe(gaveUp);
    expect(pool.workers.figures()).toMatchObject({ busy: 1, waiting: 0 });
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
    expect(pool.workers.figures()).toMatchObject({ workers: 1, restarts: 1 });
    expect(pool.logger.lines).toContainEqual(
      expect.objectContaining({ message: 'a vision worker is gone', fields: expect.objectContaining({ worker: pid, signal: 'SIGKILL' }) }),
    );
  });

  it('call a picture unreadable that ended two of them, show it to no third one, and answer all others', async () => {
    await using pool = await aPool();
    const unreadable = { readable: false, problem: 'IMAGE_UNREADABLE' };
    expect(await pool.ask('crash')).toMatchObject(unreadable);
    expect(await pool.ask('face')).toMatchObject({ readable: true });
    const { restarts } = pool.workers.figures();
    expect(restarts).toBe(2);
    expect(await pool.ask('crash')).toMatchObject(unreadable);
    await expect(pool.workers.describe(image('crash'), someLandmarks())).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
    expect(pool.workers.figures().restarts).toBe(restarts);
  });

  it('end one that hangs, and call the picture unreadable', async () => {
    await using pool = await aPool({ imageTimeoutMs: 300 });
    await expect(pool.workers.describe(image('hang'), someLandmarks())).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
    expect(await pool.ask('face')).toMatchObject({ readable: true });
    expect(await pool.ask('hang')).toMatchObject({ readable: false });
    expect(pool.workers.figures().restarts).toBe(1);
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
  });
});
