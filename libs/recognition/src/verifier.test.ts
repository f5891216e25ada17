import { builtInConstants } from '@facehash/classifier-core';
import { systemClock } from '@facehash/kernel';
import { aModelState, aVersionSummary } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { builtIn } from '@facehash/vision-core';
import { aDescriptor, aDescriptorNear, aFace, anAnalysis } from '@facehash/vision-core/testing';
import { Replica } from './testing/replica.js';
import { createVerifier } from './verifier.js';

const pairs = { pipeline: builtIn.id, constants: builtInConstants };
const verifierOf = ({ analyser, holder, names }: Replica) => createVerifier({ analyser, holder, names, pairs });
const ann = aDescriptor(1);
const [image, other] = [new Uint8Array([1]), new Uint8Array([2])];
const showing = (descriptor: Float32Array) => anAnalysis({ faces: [aFace({ descriptor }), aFace({ descriptor: aDescriptor(50) })] });

describe('a face and an enrolled person', () => {
  const opened = async () => {
    const replica = new Replica(openLocalMessaging({ clock: systemClock }));
    await replica.version('v-1', { per_ann: ann, per_ben: aDescriptor(2) });
    await replica.name({ per_ann: 'Ann', per_ben: 'Ben', per_new: 'New' });
    await replica.publish({ active: aVersionSummary({ name: 'v-1' }) });
    const verifier = verifierOf(replica);
    const ask = (descriptor: Float32Array, personId: string) => {
      replica.analyser.otherwise = showing(descriptor);
      return verifier.withPerson(aModelState(), image, personId);
    };
    return { replica, ask };
  };

  it('are the same when the version would name them, and not beside somebody who is nearer', async () => {
    const { replica, ask } = await opened();
    await using _ = replica;
    expect(await ask(aDescriptorNear(ann, 0.1), 'per_ann')).toMatchObject({ kind: 'verified', same: true, version: 'v-1' });
    const claimed = await ask(aDescriptorNear(ann, 0.1), 'per_ben');
    expect(claimed).toMatchObject({ kind: 'verified', same: false });
    expect(claimed.kind === 'verified' && claimed.threshold > claimed.similarity).toBe(true);
    expect(await ask(aDescriptor(77), 'per_ann')).toMatchObject({ same: false });
  });

  it('cannot be compared when nobody of this id is enrolled, or the version was trained without them', async () => {
    const { replica, ask } = await opened();
    await using _ = replica;
    await expect(ask(ann, 'per_nobody')).rejects.toMatchObject({ code: 'PERSON_NOT_FOUND' });
    await expect(ask(ann, 'per_new')).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
  });

  it('are told apart from an image without a face', async () => {
    const { replica } = await opened();
    await using _ = replica;
    replica.analyser.otherwise = anAnalysis({ faces: [] });
    expect(await verifierOf(replica).withPerson(aModelState(), image, 'per_ann')).toMatchObject({
      kind: 'unusable',
      which: 'image',
      problem: 'FACE_NOT_FOUND',
    });
  });
});

describe('two photos', () => {
  it('need no version, and show the same person when their largest faces are near', async () => {
    await using replica = new Replica(openLocalMessaging({ clock: systemClock }));
    await replica.publish({});
    const verifier = verifierOf(replica);
    replica.analyser.shows(image, showing(ann));
    replica.analyser.shows(other, showing(aDescriptorNear(ann, 0.2)));
    expect(await verifier.withPhoto(aModelState(), image, other)).toMatchObject({ kind: 'verified', same: true, version: null });
    replica.analyser.shows(other, showing(aDescriptor(2)));
    expect(await verifier.withPhoto(aModelState(), image, other)).toMatchObject({ kind: 'verified', same: false });
    replica.analyser.shows(other, { readable: false, problem: 'IMAGE_TOO_SMALL', detail: '8 x 8' });
    expect(await verifier.withPhoto(aModelState(), image, other)).toMatchObject({ which: 'other', problem: 'IMAGE_TOO_SMALL' });
  });
});
