import { systemClock } from '@facehash/kernel';
import { aVersionSummary } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { builtIn } from '@facehash/vision-core';
import { aDescriptor } from '@facehash/vision-core/testing';
import { Replica } from './testing/replica.js';

const own = { id: 'own-01234567', descriptorLength: 64 };
const ann = aDescriptor(1);
const annByOwn = aDescriptor(2)
  .slice(0, 64)
  .map((value, _, all) => value / Math.hypot(...all));
const openReplica = (pipelines = [own, builtIn]) => new Replica(openLocalMessaging({ clock: systemClock }), { pipelines });

describe('a replica that serves two pipelines', () => {
  it('has each version compare descriptors of its own pipeline', async () => {
    await using replica = openReplica();
    await replica.version('v-before', { per_ann: ann });
    await replica.version('v-after', { per_ann: annByOwn }, { pipeline: own.id });
    await replica.name({ per_ann: 'Ann' });
    await replica.publish({ active: aVersionSummary({ name: 'v-before' }) });
    expect(await replica.ask(ann)).toMatchObject({ version: 'v-before', faces: [{ person: { name: 'Ann' } }] });
    await replica.publish({ active: aVersionSummary({ name: 'v-before' }), target: aVersionSummary({ name: 'v-after' }) });
    await replica.report((report) => report.answering === 'v-after');
    expect(await replica.ask(annByOwn)).toMatchObject({ version: 'v-after', faces: [{ person: { name: 'Ann' } }] });
    expect(replica.analyser.calls.map((call) => call.method === 'analyse' && call.options.descriptors)).toEqual([builtIn.id, own.id]);
  });
});

describe('a version of a pipeline that is not served here', () => {
  it('answers nobody: no image is even looked at', async () => {
    await using replica = openReplica([builtIn]);
    await replica.version('v-own', { per_ann: annByOwn }, { pipeline: own.id });
    await replica.publish({ active: aVersionSummary({ name: 'v-own' }) });
    await expect(replica.ask(ann)).rejects.toMatchObject({
      code: 'MODEL_NOT_READY',
      details: { detail: 'version v-own is of pipeline own-01234567, and this replica serves p1' },
    });
    expect(replica.analyser.calls).toEqual([]);
  });

  it('is reported as one that no waiting can mend, while the active version goes on answering', async () => {
    await using replica = openReplica([builtIn]);
    await replica.version('v-1', { per_ann: ann });
    await replica.version('v-own', { per_ann: annByOwn }, { pipeline: own.id });
    await replica.publish({ active: aVersionSummary({ name: 'v-1' }) });
    await replica.ask(ann);
    await replica.publish({ active: aVersionSummary({ name: 'v-1' }), target: aVersionSummary({ name: 'v-own' }) });
    await replica.report((report) => report.failed?.version === 'v-own' && report.failed.kind === 'artifact');
    expect(await replica.ask(ann)).toMatchObject({ version: 'v-1' });
  });

  it('makes way for the next one that is served', async () => {
    await using replica = openReplica([builtIn]);
    await replica.version('v-own', { per_ann: annByOwn }, { pipeline: own.id });
    await replica.version('v-1', { per_ann: ann });
    await replica.publish({ active: aVersionSummary({ name: 'v-own' }) });
    await replica.ask(ann).catch(() => undefined);
    await replica.publish({ active: aVersionSummary({ name: 'v-own' }), target: aVersionSummary({ name: 'v-1' }) });
    await replica.report((report) => report.answering === 'v-1');
    expect(await replica.ask(ann)).toMatchObject({ version: 'v-1' });
  });
});
