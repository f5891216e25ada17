import { Closer, noTracer, seededRandom, silentLogger, systemClock } from '@facehash/kernel';
import { aModelState } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { aPerson, InMemoryRegistry } from '@facehash/registry-core/testing';
import { eventually } from '@facehash/testing';
import { followNames } from './names.js';

const context = { clock: systemClock, random: seededRandom(1), logger: silentLogger, tracer: noTracer };
const model = aModelState();
const { storageId } = model;
const ann = aPerson('Ann');

describe('names that messaging lost while a replica runs', () => {
  it('are written again from the registry', async () => {
    const messaging = openLocalMessaging(context);
    const registry = new InMemoryRegistry();
    await registry.createPerson(ann);
    const closer = new Closer();
    let there = true;
    let lose: (storageId: string) => void = () => undefined;
    followNames(
      { closer, context, registry, messaging },
      {
        directory: { all: () => [model], byStorageId: () => model, onChange: () => undefined },
        names: { has: () => there, untilSynced: () => Promise.resolve(), onLost: (listener) => (lose = listener) },
      },
    );
    expect(await messaging.people.get(storageId)).toBeUndefined();
    there = false;
    lose(storageId);
    const written = await eventually(() => messaging.people.get(storageId));
    expect(written.value.names).toEqual({ [ann.id]: 'Ann' });
    await closer.close();
    await messaging.close();
  });
});
