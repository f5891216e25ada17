import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtInConstants } from '@facehash/classifier-core';
import { temporaryFolder } from '@facehash/testing';
import { builtIn } from '@facehash/vision-core';
import { ownPipeline, readOwnPipeline, servedPipelines, type OwnPipeline } from './own-pipeline.js';
import { describedPipeline, pipelineToTrain } from './setting.js';

const input = { alignment: 'arcface', size: 112, layout: 'NCHW', channels: 'BGR', mean: [127.5, 127.5, 127.5], deviation: [128, 128, 128] };
const description = {
  v: 1,
  id: 'my-arcface',
  network: { file: 'arcface.onnx', sha256: 'a'.repeat(64) },
  input,
  length: 512,
  mirror: false,
  decision: builtInConstants,
};

function made(change: object = {}): OwnPipeline {
  const read = ownPipeline({ ...description, ...change }, '/networks/arcface.json');
  if ('faults' in read) throw new Error(read.faults.join());
  return read.pipeline;
}

function faultsOf(change: object): readonly string[] {
  const read = ownPipeline({ ...description, ...change }, '/networks/arcface.json');
  return 'faults' in read ? read.faults : [];
}

describe('the description of a network of one’s own', () => {
  it('says where the network lies, what it takes and what it gives', () => {
    expect(made()).toEqual({
      id: expect.stringMatching(/^my-arcface-[0-9a-f]{8}$/),
      descriptorLength: 512,
      path: '/networks/arcface.json',
      network: { folder: '/networks', file: 'arcface.onnx', sha256: 'a'.repeat(64) },
      spec: {
        alignment: { template: 'arcface', size: 112 },
        layout: 'NCHW',
        channels: 'BGR',
        mean: [127.5, 127.5, 127.5],
        deviation: [128, 128, 128],
        length: 512,
        mirrored: false,
      },
      constants: builtInConstants,
    });
  });

  it('may come without the constants of its decisions', () => {
    expect(made({ decision: undefined }).constants).toBeNull();
  });

  it.each([
    ['other weights', { network: { file: 'arcface.onnx', sha256: 'b'.repeat(64) } }],
    ['another normalisation', { input: { ...input, mean: [0, 0, 0] } }],
    ['the mirror image', { mirror: true }],
    ['other constants', { decision: { ...builtInConstants, strangerDeviation: 0.05 } }],
  ])('makes another pipeline with %s', (_, change) => {
    expect(made(change).id).not.toBe(made().id);
  });

  it('makes the same pipeline wherever its files lie', () => {
    expect(made({ network: { file: 'moved.onnx', sha256: 'a'.repeat(64) } }).id).toBe(made().id);
  });

  it.each([
    ['a built-in id', { id: 'p2' }, 'id: is the id of a built-in pipeline'],
    ['an id that is no name', { id: 'My/Net' }, 'id: must be lower-case'],
    ['a digest cut short', { network: { file: 'a.onnx', sha256: 'abc' } }, 'network.sha256: must be 64'],
    ['no file', { network: { sha256: 'a'.repeat(64) } }, 'network.file: is not set'],
    ['an unknown alignment', { input: { ...input, alignment: 'ffhq' } }, 'input.alignment: must be dlib or arcface'],
    ['a size that is none', { input: { ...input, size: 0.5 } }, 'input.size'],
    ['two means', { input: { ...input, mean: [1, 2] } }, 'input.mean: must be three numbers'],
    ['a deviation of 0', { input: { ...input, deviation: [1, 0, 1] } }, 'input.deviation.1'],
    ['a field that is misspelt', { mirrored: true }, 'the file: Unrecognized key: "mirrored"'],
    ['constants that are none', { decision: { ...builtInConstants, strangerMeans: [] } }, 'decision.strangerMeans'],
  ])('with %s says so', (_, change, fault) => {
    expect(faultsOf(change)).toEqual([expect.stringContaining(fault)]);
  });

  it('says everything that is wrong at once', () => {
    expect(faultsOf({ id: 'p1', length: 0, mirror: 'no', input: { ...input, layout: 'CHW' } })).toHaveLength(4);
    expect(ownPipeline('arcface', '/x')).toEqual({ faults: [expect.stringMatching(/^the file: /)] });
  });
});

describe('a setting that names a description', () => {
  it('reads the file, and takes it as it is where faces are only described', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'own.json');
    await writeFile(path, JSON.stringify({ ...description, decision: undefined }));
    expect(describedPipeline.parse(path)).toMatchObject({ path, network: { folder: folder.path }, constants: null });
    expect(pipelineToTrain.safeParse(path).error?.issues).toEqual([
      expect.objectContaining({ message: expect.stringContaining(`npm run bench -- constants --descriptor ${path} --faces DIR`) }),
    ]);
    await writeFile(path, JSON.stringify(description));
    expect(pipelineToTrain.parse(path).constants).toEqual(builtInConstants);
  });

  it('says why it cannot be read', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'own.json');
    expect(readOwnPipeline(path)).toEqual({ faults: [expect.stringContaining('ENOENT')] });
    await writeFile(path, '{"v": 1,');
    expect(readOwnPipeline(path)).toEqual({ faults: [expect.stringContaining('JSON')] });
    expect(describedPipeline.safeParse(path).error?.issues[0]?.message).toContain(path);
  });
});

describe('the pipelines of an instance', () => {
  it('are its own first, the built-in one always, and the one before', () => {
    const [own, before] = [made(), made({ mirror: true })];
    const idsOf = (pipelines: readonly { readonly id: string }[]) => pipelines.map(({ id }) => id);
    expect(idsOf(servedPipelines(undefined, undefined))).toEqual([builtIn.id]);
    expect(idsOf(servedPipelines(own, undefined))).toEqual([own.id, builtIn.id]);
    expect(idsOf(servedPipelines(own, before))).toEqual([own.id, builtIn.id, before.id]);
    expect(idsOf(servedPipelines(undefined, before))).toEqual([builtIn.id, before.id]);
  });
});
