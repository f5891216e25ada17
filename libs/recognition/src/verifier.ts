import { verifyPair, verifyPerson, type DecisionConstants, type Verification as Verdict } from '@facehash/classifier-core';
import { FaceHashError } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import { portrait, ratios, type Descriptor, type DetectedFace } from '@facehash/vision-core';
import type { RecogniserParts } from './recogniser.js';
import type { Verification, Verifier } from './types.js';

/** How two photos are compared, which no version is asked about. */
export interface PairRule {
  /** Pipeline id of the descriptors. */
  readonly pipeline: string;
  readonly constants: DecisionConstants;
}

export function createVerifier({ analyser, holder, names, pairs }: RecogniserParts & { readonly pairs: PairRule }): Verifier {
  const look = async (image: Uint8Array, descriptors: string, signal?: AbortSignal): Promise<Look> => {
    const analysis = await analyser.analyse(image, { ...portrait, descriptors }, signal);
    if (!analysis.readable) return { problem: analysis.problem, detail: analysis.detail };
    const [face] = analysis.faces;
    return face?.descriptor ? { face, descriptor: face.descriptor } : { problem: 'FACE_NOT_FOUND', detail: 'there is no face in it' };
  };
  return {
    async withPerson(model, image, personId, signal): Promise<Verification> {
      if (names.nameOf(model.storageId, personId) === null) throw new FaceHashError('PERSON_NOT_FOUND', { id: personId });
      // The version first: without one there is no reason to look at the image.
      const lease = await holder.acquire(model.storageId, signal);
      try {
        const seen = await look(image, lease.version.pipeline, signal);
        if ('problem' in seen) return unusable(seen, 'image');
        const { falseAcceptTarget } = model.recognition;
        const { name, model: trained, decision } = lease.version;
        const prediction = trained.predict(seen.descriptor, ratios(seen.face.landmarks));
        const verdict = verifyPerson(prediction, decision, { personId, falseAcceptTarget });
        if (!verdict) throw new FaceHashError('MODEL_NOT_READY', { detail: 'the version that answers was trained without this person' });
        return verified(verdict, name);
      } finally {
        lease.release();
      }
    },

    async withPhoto(model: ModelState, image, other, signal): Promise<Verification> {
      const [one, two] = await Promise.all([look(image, pairs.pipeline, signal), look(other, pairs.pipeline, signal)]);
      if ('problem' in one) return unusable(one, 'image');
      if ('problem' in two) return unusable(two, 'other');
      const rule = { falseAcceptTarget: model.recognition.falseAcceptTarget, constants: pairs.constants };
      return verified(verifyPair(one.descriptor, two.descriptor, rule), null);
    },
  };
}

type Look =
  | { readonly face: DetectedFace; readonly descriptor: Descriptor }
  | Pick<Extract<Verification, { kind: 'unusable' }>, 'problem' | 'detail'>;

function unusable(
  { problem, detail }: Extract<Look, { readonly problem: unknown }>,
  which: 'image' | 'other',
): Extract<Verification, { kind: 'unusable' }> {
  return { kind: 'unusable', which, problem, detail };
}

function verified({ same, similarity, threshold }: Verdict, version: string | null): Verification {
  return { kind: 'verified', same, similarity, threshold, version };
}
