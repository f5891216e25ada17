import { layout } from '@facehash/artifacts';
import { FaceHashError, systemClock } from '@facehash/kernel';
import { aModelState, aVersionSummary } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { eventually } from '@facehash/testing';
import { aDescriptor, aDescriptorNear } from '@facehash/vision-core/testing';
import { Replica } from './testing/replica.js';

const openReplica = (options: { readonly cacheBytesMax?: number } = {}) => new Replica(openLocalMessaging({ clock: systemClock }), options);

const ann = aDescriptor(1);
const ben = aDescriptor(2);

describe('recognition', () => {
  it('says MODEL_NOT_READY at once where nothing was ever trained, and does not look at the image', async () => {
    await using replica = openReplica();
    await replica.publish({});
    await expect(replica.ask(ann)).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
    expect(replica.analyser.calls).toEqual([]);
  });

  it('loads a cold model once for many who ask at once, names who is near and leaves strangers unnamed', async () => {
    await using replica = openReplica();
    await replica.version('v-1', { per_ann: ann, per_ben: ben });
    await replica.name({ per_ann: 'Ann', per_ben: 'Ben' });
    await replica.publish({ active: aVersionSummary({ name: 'v-1' }) });
    const answers = await Promise.all(Array.from({ length: 10 }, () => replica.ask(aDescriptorNear(ann, 0.1))));
    for (const answer of answers)
      expect(answer).toMatchObject({ kind: 'recognised', version: 'v-1', faces: [{ person: { id: 'per_ann', name: 'Ann' } }] });
    expect(replica.backend.opened).toBe(1);
    const stranger = await replica.ask(aDescriptor(77));
    expect(stranger).toMatchObject({ faces: [{ person: null, candidates: [{ name: expect.any(String) }, {}] }] });
  });

  it('takes a changed false accept target for the very next answer', async () => {
    await using replica = openReplica();
    await replica.version('v-1', { per_ann: ann });
    await replica.name({ per_ann: 'Ann' });
    const active = aVersionSummary({ name: 'v-1' });
    const probe = aDescriptorNear(ann, 0.4, 3);
    await replica.publish({ active, recognition: { falseAcceptTarget: 0.1, maxFaces: 16 } });
    expect(await replica.ask(probe)).toMatchObject({ faces: [{ person: { name: 'Ann' } }] });
    await replica.publish({ active, recognition: { falseAcceptTarget: 0.00001, maxFaces: 16 } });
    expect(await replica.ask(probe)).toMatchObject({ faces: [{ person: null }] });
    expect(replica.backend.opened).toBe(1);
  });

  it('masks who was erased as unknown, and never names the runner-up', async () => {
    await using replica = openReplica();
    await replica.version('v-1', { per_ann: ann, per_twin: aDescriptorNear(ann, 0.05) });
    await replica.name({ per_ann: 'Ann', per_twin: 'Twin' }, { per_ann: '2026-01-01T00:00:00Z' });
    await replica.publish({ active: aVersionSummary({ name: 'v-1' }), recognition: { falseAcceptTarget: 0.5, maxFaces: 16 } });
    const answer = await replica.ask(ann);
    expect(answer).toMatchObject({ faces: [{ person: null }] });
    expect(JSON.stringify(answer)).not.toContain('Ann');
  });

  it('masks whom it is told to before the projection says so, and follows the projection from then on', async () => {
    await using replica = openReplica();
    await replica.version('v-1', { per_ann: ann });
    await replica.publish({ active: aVersionSummary({ name: 'v-1' }) });
    await replica.name({ per_ann: 'Ann' });
    replica.names.mask(aModelState().storageId, 'per_ann');
    expect(await replica.ask(ann)).toMatchObject({ faces: [{ person: null }] });
    await replica.name({ per_ann: 'Ann', per_ben: 'Ben' });
    expect(await replica.ask(ann)).toMatchObject({ faces: [{ person: null }] });
    await replica.name({ per_ben: 'Ben' }, { per_ann: '2026-01-01T00:00:00Z' });
    expect(await replica.ask(ann)).toMatchObject({ faces: [{ person: null }] });
  });

  it('tells once of each who is not named any more, also of one of whom it saw the tombstone alone', async () => {
    await using replica = openReplica();
    const { storageId } = aModelState();
    const told: unknown[] = [];
    replica.names.onGone((of, gone) => told.push([of, gone]));
    await replica.name({ per_ann: 'Ann', per_ben: 'Ben', per_cem: 'Cem' });
    replica.names.mask(storageId, 'per_ann');
    replica.names.mask(storageId, 'per_ann');
    await replica.name({ per_ann: 'Ann', per_cem: 'Cem' }, { per_dan: '2026-01-01T00:00:00Z' });
    await replica.name({ per_ann: 'Ann' }, { per_dan: '2026-01-01T00:00:00Z', per_cem: '2026-01-01T00:00:00Z' });
    expect(told).toEqual([
      [storageId, ['per_ann']],
      [storageId, ['per_ben', 'per_dan']],
      [storageId, ['per_cem']],
    ]);
  });

  it('answers with a new name at once', async () => {
    await using replica = openReplica();
    await replica.version('v-1', { per_ann: ann });
    await replica.publish({ active: aVersionSummary({ name: 'v-1' }) });
    await replica.name({ per_ann: 'Ann' });
    await replica.name({ per_ann: 'Anne' });
    expect(await replica.ask(ann)).toMatchObject({ faces: [{ person: { name: 'Anne' } }] });
  });
});

describe('a new version', () => {
  const v1 = aVersionSummary({ name: 'v-1' });
  const v2 = aVersionSummary({ name: 'v-2', snapshot: 2 });

  it('is taken over by the replicas that are named, reported, and answers every later request; the old one is closed when drained', async () => {
    await using replica = openReplica();
    await replica.version('v-1', { per_ann: ann });
    await replica.version('v-2', { per_ann: ann, per_ben: ben });
    await replica.name({ per_ann: 'Ann', per_ben: 'Ben' });
    await replica.publish({ active: v1 });
    let open: () => void = () => undefined;
    replica.analyser.gate = new Promise((resolve) => (open = resolve));
    const slow = replica.ask(ann);
    await eventually(() => replica.analyser.calls.length === 1);
    await replica.publish({ active: v1, target: v2, targetReplicas: ['one'] });
    await replica.report((r) => r.answering === 'v-2');
    expect(replica.backend.open).toBe(2);
    open();
    expect(await slow).toMatchObject({ version: 'v-1' });
    expect(replica.backend.open).toBe(1);
    expect(await replica.ask(ben)).toMatchObject({ version: 'v-2', faces: [{ person: { name: 'Ben' } }] });
  });

  it('is left alone by a replica that is not named, which says that it is there', async () => {
    await using replica = openReplica();
    await replica.version('v-1', { per_ann: ann });
    await replica.version('v-2', { per_ann: ann });
    await replica.publish({ active: v1, target: v2, targetReplicas: ['another'] });
    await replica.report((r) => r.ready && r.answering === null);
    expect(await replica.ask(ann)).toMatchObject({ version: 'v-1' });
  });

  it('that is withdrawn gives way to the active one', async () => {
    await using replica = openReplica();
    await replica.version('v-1', { per_ann: ann });
    await replica.version('v-2', { per_ann: ann });
    await replica.publish({ active: v1, target: v2, targetReplicas: null });
    await replica.report((r) => r.answering === 'v-2');
    await replica.publish({ active: v1 });
    await replica.report((r) => r.answering === 'v-1');
  });

  it('that is damaged is reported as such, once, and the old one answers on', async () => {
    await using replica = openReplica();
    await replica.version('v-1', { per_ann: ann });
    const { parts, storageId } = await replica.version('v-2', { per_ann: ann, per_ben: ben });
    const weights = layout.part(storageId, parts.find((p) => p.name === 'weights.bin')?.sha256 ?? '');
    await replica.objects.remove(weights);
    await replica.objects.create(weights, new Uint8Array([1, 2, 3]));
    await replica.publish({ active: v1 });
    await replica.ask(ann);
    await replica.publish({ active: v1, target: v2, targetReplicas: null });
    const { failed, answering } = await replica.report((r) => r.failed !== null);
    expect(failed).toMatchObject({ version: 'v-2', kind: 'artifact', code: 'ARTIFACT_CORRUPT' });
    expect(answering).toBe('v-1');
  });

  it('is tried again while the store is away', async () => {
    await using replica = openReplica();
    await replica.version('v-1', { per_ann: ann });
    replica.objects.nextError = new FaceHashError('STORE_UNAVAILABLE');
    await replica.publish({ active: null, target: v1, targetReplicas: null });
    await replica.report((r) => r.failed?.kind === 'transient' || r.answering === 'v-1');
    await replica.report((r) => r.answering === 'v-1' && r.failed === null);
  });
});

describe('the cache', () => {
  it('lets the least recently asked go when it is full, and loads it again when it is asked', async () => {
    await using probe = openReplica();
    await probe.version('v-1', { per_ann: ann });
    await probe.publish({ active: aVersionSummary({ name: 'v-1' }) });
    const lease = await probe.holder.acquire(aModelState().storageId);
    const { sizeBytes } = lease.version.model;
    lease.release();

    await using replica = openReplica({ cacheBytesMax: sizeBytes * 2 });
    const ids = ['fm-a-test', 'fm-b-test', 'fm-c-test'];
    for (const storageId of ids) {
      await replica.version('v-1', { per_ann: ann }, { storageId });
      await replica.publish({ storageId, apiKeyHashes: [], active: aVersionSummary({ name: 'v-1' }) });
    }
    for (const storageId of [...ids, 'fm-a-test']) (await replica.holder.acquire(storageId)).release();
    expect(replica.backend.open).toBe(2);
    expect(replica.backend.opened).toBe(4);
  });
});
