import { openLocalMessaging } from '@facehash/messaging-local';
import { ModelWorld } from './testing/model-world.js';

describe('what is told to whoever counts', () => {
  it('is each change and each end of a run once, although everything is looked at again and again', async () => {
    const world = new ModelWorld((clock) => openLocalMessaging({ clock }));
    await world.enrol();
    await look(world, 'crashed', 3);
    await look(world, 'trained', 12);
    expect(world.status).toMatchObject({ phase: 'Ready' });
    expect(world.happened).toEqual([
      'dev.facehash.training.started',
      'dev.facehash.training.failed',
      'dev.facehash.training.started',
      'dev.facehash.rollout.started',
      'dev.facehash.version.promoted',
    ]);
    expect(world.ended.map(({ outcome }) => outcome.outcome)).toEqual(['failed', 'trained']);
    expect(world.ended.every(({ seconds }) => seconds > 0)).toBe(true);
  });
});

async function look(world: ModelWorld, ends: 'trained' | 'crashed', times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await world.pass();
    world.clock.advance(5000);
    await world.endRuns(ends);
    for (const id of ['a', 'b']) await world.takeOver(id);
  }
}
