import { seededRandom, silentLogger, systemClock } from '@facehash/kernel';
import { aModelState } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { InMemoryRegistry } from '@facehash/registry-core/testing';
import { builtIn } from '@facehash/vision-core';
import { FakeFaceAnalyser } from '@facehash/vision-core/testing';
import { createEnrolment } from './enrolment.js';
import { openSnapshotCutter } from './snapshot-cutter.js';

const model = aModelState({ limits: { people: 100_000, photos: 10, requestsPerSecond: null, burst: null } });
const { storageId } = model;
/** Close to what one value of messaging may hold. */
const manyNames = Object.fromEntries(Array.from({ length: 21_000 }, (_, i) => [`per_${String(i).padStart(26, '0')}`, `name ${i}`]));

describe('a model with as many names as replicas can be told of', () => {
  it('takes nobody else and no other name, writes nothing of them, and still takes whoever is known', async () => {
    const context = { clock: systemClock, random: seededRandom(1), logger: silentLogger };
    const [registry, objects] = [new InMemoryRegistry(), new InMemoryObjectStore()];
    const { people, commands, ...messaging } = openLocalMessaging({ clock: systemClock });
    const cutter = openSnapshotCutter({ registry, objects, commands, people, rules: () => model, ...context });
    const analyser = new FakeFaceAnalyser();
    const enrolment = createEnrolment({ registry, objects, analyser, pipeline: builtIn, people, cutter, ...context, photosInFlight: 1 });
    try {
      const person = await enrolment.createPerson(model, { name: 'Ann' });
      const told = await people.get(storageId);
      if (!told) throw new Error('nobody was told of Ann');
      await people.put(storageId, { ...told.value, names: { ...manyNames, [person.id]: 'Ann' } }, told.revision);

      await expect(enrolment.createPerson(model, { name: 'Ben' })).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
      await expect(enrolment.changePerson(model, person.id, { name: 'Anna' })).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
      expect((await enrolment.people(model, { limit: 10 })).items).toEqual([person]);
      await expect(enrolment.createPerson(model, { name: 'Ann' })).rejects.toMatchObject({ code: 'PERSON_EXISTS' });
      await expect(enrolment.changePerson(model, person.id, { externalId: 'a-1' })).resolves.toMatchObject({ externalId: 'a-1' });
    } finally {
      await cutter.close();
      await messaging.close();
    }
  });
});
