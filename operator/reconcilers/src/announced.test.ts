import { openLocalMessaging } from '@facehash/messaging-local';
import { ModelWorld } from './testing/model-world.js';

/** More than a model takes from its first photos to the promotion of their version. */
const CALLS = 60;

describe('what happens to a model is announced, each once and in its order, when the messaging', () => {
  it.each([
    ['does not take one call', false],
    ['takes one call and does not say so', true],
  ])('%s', async (_what, done) => {
    for (let calls = 0; calls < CALLS; calls++) {
      const world = new ModelWorld((clock) => openLocalMessaging({ clock }));
      world.failsIn = { calls, done };
      await world.enrol();
      for (let i = 0; i < 14; i++) {
        await world.pass();
        world.clock.advance(5000);
        await world.endRuns('trained');
        for (const id of ['a', 'b']) await world.takeOver(id);
      }
      expect({ calls, told: [...world.announced.values()] }).toEqual({
        calls,
        told: ['dev.facehash.training.started', 'dev.facehash.rollout.started', 'dev.facehash.version.promoted'],
      });
    }
  });
});
