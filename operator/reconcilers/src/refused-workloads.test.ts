import { openLocalMessaging } from '@facehash/messaging-local';
import { ApiError } from '@facehash/operator-runtime';
import { ModelWorld } from './testing/model-world.js';

const trouble = { reason: 'DedicatedRefused', message: 'pods of its own are refused: exceeded quota' } as const;

describe('a model that is refused pods of its own', () => {
  it('is trained and promoted and says so meanwhile, and again what it said before once they are there', async () => {
    const world = new ModelWorld((clock) => openLocalMessaging({ clock }));
    world.workloads = () => Promise.resolve({ againMs: 45_000, trouble });
    await world.enrol();
    await settle(world);
    expect(await world.published()).toMatchObject({ active: { snapshot: 1 }, target: null });
    expect(world.status).toMatchObject({ phase: 'Ready', activeVersion: { snapshot: 1 } });
    expect(stalled(world)).toMatchObject({ status: 'True', ...trouble });
    expect(world.notes).toContainEqual(expect.objectContaining({ type: 'Warning', reason: trouble.reason, note: trouble.message }));
    const { version } = world.cluster;
    expect(await world.pass()).toMatchObject({ kind: 'waiting', retryAfterMs: 45_000 });
    expect(world.cluster.version).toBe(version);

    world.workloads = () => Promise.resolve({ againMs: null, trouble: null });
    expect(await world.pass()).toEqual({ kind: 'settled' });
    expect(stalled(world)).toMatchObject({ status: 'False', reason: 'UpToDate' });
  });

  it('is looked at again as after any failure where the API server only did not answer', async () => {
    const world = new ModelWorld((clock) => openLocalMessaging({ clock }));
    await world.pass();
    world.workloads = () => Promise.reject(new ApiError('unavailable', 'no answer', { status: 503 }));
    expect(await world.pass()).toBeUndefined();
  });
});

function stalled({ status }: ModelWorld): object | undefined {
  return status?.conditions.find(({ type }) => type === 'Stalled');
}

async function settle(world: ModelWorld): Promise<void> {
  for (let i = 0; i < 12; i++) {
    await world.pass();
    world.clock.advance(5000);
    await world.endRuns('trained');
    for (const id of ['a', 'b']) await world.takeOver(id);
  }
}
