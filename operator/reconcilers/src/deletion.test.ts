import fc from 'fast-check';
import { DeletionWorld, type WorldOptions } from './testing/deletion-world.js';

const last = ({ notes }: DeletionWorld) => notes.at(-1);

describe('a FaceModel that was deleted', () => {
  it('is told to everybody, ends its runs, is erased by the replicas, and goes', async () => {
    const world = new DeletionWorld({ workloads: true });
    expect(await world.run()).toBe(true);
    expect([world.names, world.objects.size, world.runs.size, world.workloads]).toEqual([false, 0, 0, false]);
    expect(world.state).toMatchObject({ tombstone: true, keep: false });
    expect(world.notes.map(({ reason }) => reason)).toEqual(['Deleting', 'Erased']);
  });

  it('keeps what is stored where its owner says so', async () => {
    const world = new DeletionWorld({ keep: true });
    expect(await world.run()).toBe(true);
    expect([world.names, world.objects.size, world.runs.size]).toEqual([true, 3, 0]);
    expect(world.state).toMatchObject({ tombstone: true, keep: true });
    expect(last(world)).toMatchObject({ type: 'Normal', reason: 'DataKept' });
  });

  it('takes nothing along that is another model’s', async () => {
    const world = new DeletionWorld({ ownsStorage: false, workloads: true });
    expect(await world.run()).toBe(true);
    expect([world.names, world.objects.size, world.runs.size, world.workloads]).toEqual([true, 3, 1, true]);
    expect(world.state?.tombstone).toBe(false);
  });

  it('is erased by the operator at its deadline where no replica does it, and says what may be left', async () => {
    const world = new DeletionWorld({ replicaFrom: null });
    expect(await world.run()).toBe(true);
    expect(world.objects.size).toBe(0);
    expect(last(world)).toMatchObject({ type: 'Warning', reason: 'ErasureIncomplete' });
    expect(last(world)?.note).toContain('names and rows in the registry');
  });

  it('goes at its deadline although every store is away', async () => {
    const world = new DeletionWorld({ messagingFrom: Infinity, objectsFrom: Infinity });
    expect(await world.run()).toBe(true);
    expect(last(world)?.note).toContain('replicas that were not told');
    expect(world.runs.size).toBe(0);
  });

  it('is not erased as long as nobody could be told', async () => {
    const world = new DeletionWorld({ messagingFrom: 60, replicaFrom: null });
    await world.run(10);
    expect([world.gone, world.objects.size]).toEqual([false, 3]);
  });
});

const worlds: fc.Arbitrary<WorldOptions> = fc.record({
  names: fc.boolean(),
  objects: fc.nat(5),
  runs: fc.nat(2),
  workloads: fc.boolean(),
  keep: fc.boolean(),
  ownsStorage: fc.boolean(),
  kills: fc
    .array(fc.tuple(fc.nat(80), fc.constantFrom('before' as const, 'after' as const)), { maxLength: 30 })
    .map((kills) => new Map(kills)),
  replicaFrom: fc.option(fc.nat(300), { nil: null }),
  messagingFrom: fc.nat(300),
  objectsFrom: fc.nat(300),
});

describe('a deletion from any state, killed at any step', () => {
  it('ends, and leaves nothing but what it has to leave', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (options) => {
        const world = new DeletionWorld(options);
        const before = [world.names, world.objects.size, world.runs.size, world.workloads];
        expect(await world.run()).toBe(true);
        const [names, objects] = [world.names, world.objects.size];
        if (options.ownsStorage !== true) return expect([names, objects, world.runs.size, world.workloads]).toEqual(before);
        expect([world.runs.size, world.workloads]).toEqual([0, false]);
        expect(world.state).toMatchObject({ tombstone: true, keep: options.keep });
        if (options.keep === true) return expect([names, objects]).toEqual(before.slice(0, 2));
        expect(objects).toBe(0);
        if (options.replicaFrom !== null) expect(names).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
