import fc from 'fast-check';
import { ModelWorld } from './testing/model-world.js';

/** A pass that changes something makes about as many. */
const CALLS = 14;
const SETTLES_WITHIN = 60;

/** One look of an operator, and what the rest of the world does until the next. */
const step = fc.record({
  kill: fc.option(fc.record({ after: fc.integer({ min: 1, max: CALLS }), done: fc.boolean() }), { nil: undefined }),
  stale: fc.boolean(),
  enrols: fc.boolean(),
  run: fc.constantFrom('trained', 'trained', 'crashed', 'goes on'),
  follows: fc.constantFrom(['a', 'b'], ['a', 'b'], ['b', 'a'], ['a'], []),
  restarts: fc.constantFrom('a', undefined, undefined, undefined),
  seconds: fc.constantFrom(1, 1, 5, 60),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

describe('whatever happens, with operators that are killed at any call and know only what they have seen', () => {
  it('no model loses its version or has two Jobs, and once things go well the newest photos answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 60, size: 'max' }), async (settledBefore, steps) => {
        const world = new ModelWorld();
        await world.enrol();
        if (settledBefore) await settle(world);
        for (const one of steps) await take(world, one);
        // New photos: that older ones failed for good says nothing about them.
        const newest = await world.enrol();
        await settle(world);
        const active = await world.active();
        expect(active).toMatchObject({ snapshot: newest });
        expect(world.status).toMatchObject({ phase: 'Ready', activeVersion: { name: active?.version }, training: { run: null } });
        expect(await world.published()).toMatchObject({ active: { name: active?.version }, target: null });
        expect(world.made).toEqual(['Secret front-door-api-key']);
        // Then there is nothing more to do.
        const { version } = world.cluster;
        expect(await world.pass()).toEqual({ kind: 'settled' });
        expect(world.cluster.version).toBe(version);
      }),
      { numRuns: 40 },
    );
  });
});

async function take(world: ModelWorld, { kill, stale, enrols, run, follows, restarts, seconds }: Step): Promise<void> {
  if (enrols && ((await world.active())?.snapshot ?? 0) >= world.newest) await world.enrol();
  await watching(world, () => world.pass(kill, stale));
  if (run !== 'goes on') await world.endRuns(run);
  for (const id of follows) await world.takeOver(id);
  if (restarts !== undefined) world.replicas.set(restarts, (await world.active())?.version ?? null);
  world.clock.advance(seconds * 1000);
}

async function settle(world: ModelWorld): Promise<void> {
  const well: Step = { kill: undefined, stale: false, enrols: false, run: 'trained', follows: ['a', 'b'], restarts: undefined, seconds: 1 };
  for (let i = 0; i < SETTLES_WITHIN; i++) await take(world, well);
}

async function watching(world: ModelWorld, work: () => Promise<unknown>): Promise<void> {
  const before = await world.active();
  await work();
  const after = await world.active();
  if (before) expect(after?.snapshot).toBeGreaterThanOrEqual(before.snapshot);
  expect(world.liveJobs).toBeLessThanOrEqual(1);
}
