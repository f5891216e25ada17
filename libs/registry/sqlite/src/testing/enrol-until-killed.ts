import { aPerson, aPhoto } from '@facehash/registry-core/testing';
import { openSqliteRegistry } from '../index.js';

// Adds a photo and counts it, again and again, and says so only afterwards: what was printed must survive anything.
const [file = '', from = '0'] = process.argv.slice(2);
const registry = openSqliteRegistry(file);
const ann = aPerson('Ann');
await registry.createPerson(ann);
for (let number = Number(from); ; number++) {
  await registry.addPhoto(aPhoto(ann, `photo ${number}`));
  process.stdout.write(`added ${number}\n`);
  process.stdout.write(`counted ${await registry.bumpCounter(ann.storageId)}\n`);
}
