import { silentLogger, systemClock } from '@facehash/kernel';
import { openLocalMessaging } from '@facehash/messaging-local';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { whyNotHere } from '@facehash/operator-runtime/testing';
import { startApiServer } from '@facehash/test-servers';
import { Deletion } from './deletion.js';
import { Finalizer } from './finalizer.js';
import { faceModels } from './resources.js';
import { namespaces, operated, type Operated } from './testing/operated.js';
import { statusWith, viewOf } from './testing/view.js';
import { tombstoneOf, type Gone } from '@facehash/lifecycle';

const api = await operated(await startApiServer().catch(whyNotHere));
const { signal } = new AbortController();
const OURS = 'facehash.dev/erasure';

afterAll(async () => {
  if (typeof api !== 'string') await api[Symbol.asyncDispose]();
});

describe('the finalizer of a FaceModel', () => {
  if (typeof api === 'string') it.skip(`needs an API server: ${api}`, () => undefined);
  else held(api);
});

function held(on: Operated): void {
  const finalizer = new Finalizer(on.client);
  const ref = (name: string) => ({ name, namespace: 'default' });
  const view = async (name: string) => viewOf(await on.get(name));

  it('is added once, beside those of others', async () => {
    await on.apply('held', {}, { finalizers: ['example.test/other'] });
    expect(await finalizer.ensure(await view('held'), signal)).toBe(true);
    const after = await view('held');
    expect(after.metadata.finalizers).toEqual(['example.test/other', OURS]);
    expect(await finalizer.ensure(after, signal)).toBe(false);
  });

  it('does not undo what somebody wrote meanwhile', async () => {
    await on.apply('raced');
    const before = await view('raced');
    await on.client.patch(faceModels, ref('raced'), { strategy: 'merge', body: { metadata: { finalizers: ['example.test/other'] } } });
    await expect(finalizer.ensure(before, signal)).rejects.toMatchObject({ code: 'conflict' });
    expect((await view('raced')).metadata.finalizers).toEqual(['example.test/other']);
  });

  it('is taken away alone, of an object that is gone too', async () => {
    await on.apply('freed', {}, { finalizers: ['example.test/other', OURS] });
    await on.client.delete(faceModels, ref('freed'));
    const deleted = await view('freed');
    expect(deleted.metadata.deletionTimestamp).toBeDefined();
    await finalizer.remove(deleted, signal);
    expect((await view('freed')).metadata.finalizers).toEqual(['example.test/other']);
    await on.client.patch(faceModels, ref('freed'), { strategy: 'merge', body: { metadata: { finalizers: null } } });
    await expect(finalizer.remove(deleted, signal)).resolves.toBeUndefined();
  });

  it('lets a namespace go that is deleted with it', async () => {
    await on.namespace('tenant');
    const tenant = { name: 'tenants', namespace: 'tenant' };
    await on.client.create(faceModels, { metadata: { ...tenant, finalizers: [OURS] }, spec: {} });
    await on.client.delete(namespaces, { name: 'tenant' });
    await on.client.delete(faceModels, tenant);
    const object = await on.client.get(faceModels, tenant);
    if (!object) throw new Error('gone too early');
    await finalizer.remove(viewOf(object), signal);
    expect(await on.client.get(faceModels, tenant)).toBeUndefined();
  });

  it('is what a deletion ends with: first everybody is told, and the phase says so', async () => {
    await on.apply('ending', {}, { finalizers: [OURS] });
    const { uid = '' } = (await view('ending')).metadata;
    await on.client.patch(faceModels, ref('ending'), { strategy: 'merge', subresource: 'status', body: { status: statusWith({}) } });
    await on.client.delete(faceModels, ref('ending'));
    const messaging = openLocalMessaging({ clock: systemClock });
    const objects = new InMemoryObjectStore();
    await objects.create(`${uid}/samples/1.json`, new Uint8Array(1));
    const publishTombstone = async (gone: Gone) => {
      await messaging.models.put(gone.storageId, tombstoneOf(gone, { term: 1, sequence: 1 }), null);
    };
    const deletion = new Deletion({
      ...{ finalizer, publishTombstone, objects, models: messaging.models, people: messaging.people },
      runner: { runs: () => [], cancel: async () => undefined },
      workloads: { present: async () => false, remove: async () => undefined },
      ownsStorage: () => true,
      record: () => undefined,
      clock: systemClock,
      logger: silentLogger,
    });
    expect(await deletion.proceed(await view('ending'), signal)).toMatchObject({ kind: 'waiting', retryAfterMs: 0 });
    expect((await view('ending')).status?.phase).toBe('Deleting');
    expect((await messaging.models.get(uid))?.value.tombstone).toBe(true);
    expect(await deletion.proceed(await view('ending'), signal)).toMatchObject({
      kind: 'waiting',
      why: expect.stringContaining('object store'),
    });
    await objects.remove(`${uid}/samples/1.json`);
    await deletion.proceed(await view('ending'), signal);
    expect(await on.client.get(faceModels, ref('ending'))).toBeUndefined();
    await messaging.close();
  });
}
