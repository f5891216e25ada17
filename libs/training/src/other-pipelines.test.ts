import { decodeDocument, layout } from '@facehash/artifacts';
import { builtInConstants, decisionSchema } from '@facehash/classifier-core';
import { Workbench, storageId } from './testing/workbench.js';

const constants = { ...builtInConstants, strangerDeviation: 0.05 };
const own = { id: 'own-01234567', descriptorLength: 128, constants };

async function decisionOf(bench: Workbench, version: string) {
  return decodeDocument(decisionSchema, await bench.part(await bench.manifest(version), 'decision.json'), 'decision');
}

describe('a run of another pipeline', () => {
  it('describes every photo anew by landmarks that are there, and keeps the features under its own name', async () => {
    const bench = new Workbench();
    await bench.enrolAll(3, 4);
    const before = await bench.run();
    await bench.train(before);
    bench.pipeline = own;
    const run = await bench.run({ activeVersion: before.version });
    expect(run.version).not.toBe(before.version);
    expect((await bench.train(run)).outcome).toBe('trained');
    expect(bench.describes()).toBe(24);
    expect(bench.analyser.calls.every((call) => call.method === 'describe')).toBe(true);
    expect(bench.analyser.calls.slice(12).every((call) => call.method === 'describe' && call.pipeline === own.id)).toBe(true);
    const keys: string[] = [];
    for await (const { key } of bench.objects.list(`${storageId}/stages/`)) keys.push(key);
    expect(keys.filter((key) => key.startsWith(`${storageId}/stages/${own.id}/`) && key.endsWith('.features'))).toHaveLength(12);
    expect(keys.filter((key) => key.endsWith('.landmarks'))).toHaveLength(12);
  });

  it('gives the version the constants of its network, and the gate judges both versions by their own', async () => {
    const bench = new Workbench();
    await bench.enrolAll(3, 4);
    const before = await bench.run();
    await bench.train(before);
    bench.pipeline = own;
    const run = await bench.run({ activeVersion: before.version });
    await bench.train(run);
    expect(await bench.manifest(run.version)).toMatchObject({ pipeline: own.id, evaluation: { gate: { verdict: 'Passed' } } });
    expect((await decisionOf(bench, run.version)).constants).toEqual(constants);
    expect(await decisionOf(bench, before.version)).not.toHaveProperty('constants');
  });

  it('is refused where the run asks for another one than the trainer has', async () => {
    const bench = new Workbench();
    await bench.enrolAll(1, 1);
    const run = await bench.run({ pipeline: own.id });
    expect(await bench.train(run)).toMatchObject({
      outcome: 'failed',
      code: 'REQUEST_INVALID',
      message: 'the run asks for pipeline own-01234567, this trainer has p1',
    });
    expect(await bench.objects.read(layout.manifest(storageId, run.version))).toBeUndefined();
  });
});
