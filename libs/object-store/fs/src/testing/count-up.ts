import { openFsObjectStore } from '../index.js';
import { POINTER } from './programs.js';

// Adds one to the number in a pointer, as often as asked, against everybody else who does the same.
const [root = '', times = '0'] = process.argv.slice(2);
const store = await openFsObjectStore(root);
for (let added = 0; added < Number(times);) {
  const before = await store.read(POINTER);
  const next = before ? Number(new TextDecoder().decode(before.bytes)) + 1 : 1;
  if ((await store.replace(POINTER, new TextEncoder().encode(`${next}`), before?.revision ?? null)) !== undefined) added++;
}
