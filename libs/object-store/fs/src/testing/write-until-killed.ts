import { openFsObjectStore } from '../index.js';
import { contentOf, objectKey, POINTER } from './programs.js';

// Writes an object and moves a pointer to it, again and again, and says so only afterwards: what was printed must survive anything.
const [root = '', from = '0'] = process.argv.slice(2);
const store = await openFsObjectStore(root);
for (let number = Number(from); ; number++) {
  await store.create(objectKey(number), contentOf(number));
  process.stdout.write(`created ${number}\n`);
  const before = await store.read(POINTER);
  const moved = await store.replace(POINTER, new TextEncoder().encode(`${number}`), before?.revision ?? null);
  if (moved === undefined) throw new Error('the pointer is held by nobody and was not moved');
  process.stdout.write(`pointed ${number}\n`);
}
