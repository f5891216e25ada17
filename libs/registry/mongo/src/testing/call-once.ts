import { aPerson, aPhoto } from '@facehash/registry-core/testing';
import { openMongoRegistry } from '../index.js';

// One call in a process of its own, which says so when it is answered.
const [url = '', database = '', call = ''] = process.argv.slice(2);
const ann = aPerson('Ann');
const registry = await openMongoRegistry({ url, database, timeoutMs: 60_000 });
if (call === 'addPhoto') await registry.addPhoto(aPhoto(ann, 'new'));
else await registry.erasePerson(ann.storageId, ann.id, '2026-02-01T00:00:00.000Z');
process.stdout.write('answered\n');
await registry.close();
