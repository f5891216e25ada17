import { systemClock } from '@facehash/kernel';
import { aModelState, aVersionSummary } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { eventually } from '@facehash/testing';
import { aDescriptor } from '@facehash/vision-core/testing';
import { Replica } from './testing/replica.js';

const { storageId } = aModelState();
const ann = aDescriptor(1);
const v1 = aVersionSummary({ name: 'v-1' });
const v2 = aVersionSummary({ name: 'v-2', snapshot: 2 });
const route = 'http://its-own';

/** A replica that could answer with either of two versions. */
async function stored(only?: string): Promise<Replica> {
  const replica = new Replica(openLocalMessaging({ clock: systemClock }), only === undefined ? {} : { only });
  for (const version of ['v-1', 'v-2']) await replica.version(version, { per_ann: ann });
  return replica;
}

describe('a model with replicas of its own', () => {
  it('costs others nothing, and is taken up by them when it is everybody’s again', async () => {
    await using replica = await stored();
    await replica.publish({ active: v1, target: v2, route });
    expect(replica.backend.opened).toBe(0);
    await replica.publish({ active: v2, route: null });
    expect(await replica.ask(ann)).toMatchObject({ version: 'v-2' });
  });

  it('is taken over by these, which say whom they are there for and what they were started for', async () => {
    await using replica = await stored(storageId);
    await replica.publish({ active: v1, target: v2, route });
    const report = await replica.report((r) => r.answering === 'v-2');
    expect(report).toMatchObject({ only: storageId, rollout: 'started-for-1' });
    await eventually(async () => (await replica.messaging.replicas.get('one'))?.value.only === storageId);
  });
});
