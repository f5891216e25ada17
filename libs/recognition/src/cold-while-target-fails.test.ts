import { layout } from '@facehash/artifacts';
import { FaceHashError, systemClock } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import { aModelState, aVersionSummary } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { eventually } from '@facehash/testing';
import { aDescriptor } from '@facehash/vision-core/testing';
import { Replica } from './testing/replica.js';

const { storageId } = aModelState();
const ann = aDescriptor(1);
const v1 = aVersionSummary({ name: 'v-1' });
const v2 = aVersionSummary({ name: 'v-2', snapshot: 2 });
const v3 = aVersionSummary({ name: 'v-3', snapshot: 3 });
const manifestOf2 = layout.manifest(storageId, 'v-2');
/** As long as the longest pause between two attempts. */
const LONG_MS = 60_000;

const openReplica = (options: ConstructorParameters<typeof Replica>[1] = {}) =>
  new Replica(openLocalMessaging({ clock: systemClock }), options);

async function withVersions(replica: Replica): Promise<void> {
  for (const name of ['v-1', 'v-2', 'v-3']) await replica.version(name, { per_ann: ann });
}

describe('while the store does not give out the target', () => {
  it('a cold model is answered by its active version, and by the target once the store is back', async () => {
    const clock = new FakeClock();
    await using replica = openReplica({ clock });
    await withVersions(replica);
    replica.objects.away = (key) => key === manifestOf2;
    await replica.publish({ active: v1, target: v2, targetReplicas: ['one'] });
    await replica.report((r) => r.failed?.kind === 'transient');
    expect(await replica.ask(ann)).toMatchObject({ version: 'v-1' });
    await replica.report((r) => r.answering === 'v-1' && r.failed?.version === 'v-2');

    replica.objects.away = () => false;
    clock.advance(LONG_MS);
    await replica.report((r) => r.answering === 'v-2' && r.failed === null);
    expect(await replica.ask(ann)).toMatchObject({ version: 'v-2' });
  });

  it('a newer target is tried at once, not when the pause of the other is over', async () => {
    await using replica = openReplica({ clock: new FakeClock() });
    await withVersions(replica);
    replica.objects.away = (key) => key === manifestOf2;
    await replica.publish({ active: v1, target: v2 });
    await replica.report((r) => r.failed !== null);
    await replica.publish({ active: v1, target: v3 });
    await replica.report((r) => r.answering === 'v-3' && r.failed === null);
  });

  it('news of the model, such as the progress of a training, cause no attempt before its time', async () => {
    const clock = new FakeClock();
    await using replica = openReplica({ clock });
    await withVersions(replica);
    let attempts = 0;
    replica.objects.away = (key) => key === manifestOf2 && ++attempts > 0;
    await replica.publish({ active: v1, target: v2 });
    await replica.report((r) => r.failed !== null);
    await replica.publish({ active: v1, target: v2, phase: 'Training' });
    expect(await replica.ask(ann)).toMatchObject({ version: 'v-1' });
    expect(attempts).toBe(1);
  });
});

describe('a target that is damaged', () => {
  it('stays reported while a cold model is answered by the active version, and no longer than it is the target', async () => {
    await using replica = openReplica();
    await withVersions(replica);
    await replica.objects.remove(manifestOf2);
    await replica.publish({ active: v1, target: v2 });
    await replica.report((r) => r.failed?.kind === 'artifact');
    expect(await replica.ask(ann)).toMatchObject({ version: 'v-1' });
    await replica.report((r) => r.answering === 'v-1' && r.failed?.kind === 'artifact');
    await replica.publish({ active: v1 });
    await replica.report((r) => r.answering === 'v-1' && r.failed === null);
  });
});

describe('a target that is withdrawn while it is read', () => {
  it('never answers', async () => {
    await using replica = openReplica();
    await withVersions(replica);
    const open = replica.backend.gate.shut();
    await replica.publish({ active: v1, target: v2 });
    await eventually(() => replica.backend.gate.standing === 1);
    await replica.publish({ active: v1 });
    open();
    expect(await replica.ask(ann)).toMatchObject({ version: 'v-1' });
    expect(replica.answered).toEqual(['v-1']);
  });
});

describe('a target that the cache let go', () => {
  it('answers here again after the next request', async () => {
    await using probe = openReplica();
    await withVersions(probe);
    await probe.publish({ active: v1 });
    const lease = await probe.holder.acquire(storageId);
    const cacheBytesMax = lease.version.model.sizeBytes;
    lease.release();

    await using replica = openReplica({ cacheBytesMax });
    await withVersions(replica);
    await replica.version('v-1', { per_ann: ann }, { storageId: 'fm-another' });
    await replica.publish({ active: v1, target: v2 });
    await replica.report((r) => r.answering === 'v-2');
    await replica.publish({ storageId: 'fm-another', apiKeyHashes: [], active: v1 });
    (await replica.holder.acquire('fm-another')).release();
    await replica.report((r) => r.answering === null && r.verifiedCold === 'v-2');
    (await replica.holder.acquire(storageId)).release();
    await replica.report((r) => r.answering === 'v-2');
  });
});

describe('a request that is given up while its model is loaded', () => {
  it('ends with the reason of its signal, and what it waited for answers the next one', async () => {
    await using replica = openReplica();
    await withVersions(replica);
    const open = replica.backend.gate.shut();
    await replica.publish({ active: v1 });
    const controller = new AbortController();
    const asked = expect(replica.ask(ann, controller.signal)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await eventually(() => replica.backend.gate.standing === 1);
    controller.abort(new FaceHashError('DEADLINE_EXCEEDED'));
    await asked;
    open();
    expect(await replica.ask(ann)).toMatchObject({ version: 'v-1' });
    expect(replica.backend.opened).toBe(1);
  });

  it('starts no load when it was given up before', async () => {
    await using replica = openReplica();
    await withVersions(replica);
    await replica.publish({ active: v1 });
    const signal = AbortSignal.abort(new FaceHashError('DEADLINE_EXCEEDED'));
    await expect(replica.holder.acquire(storageId, signal)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(replica.backend.gate.standing).toBe(0);
    expect(replica.backend.opened).toBe(0);
  });
});
