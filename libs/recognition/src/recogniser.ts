import { decide, type Candidate as RankedPerson } from '@facehash/classifier-core';
import { noTracer, type Tracer } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import { ratios, type DetectedFace, type FaceAnalyser } from '@facehash/vision-core';
import type { LoadedVersion } from './load-version.js';
import type { ModelHolder } from './model-holder.js';
import type { PeopleNames } from './people-names.js';
import type { Candidate, RecognisedFace, Recogniser, Recognition, RecognitionOptions } from './types.js';

export interface RecogniserParts {
  readonly analyser: FaceAnalyser;
  readonly holder: ModelHolder;
  readonly names: PeopleNames;
  /** Is told of each decision. */
  readonly tracer?: Tracer;
}

export function createRecogniser({ analyser, holder, names, tracer = noTracer }: RecogniserParts): Recogniser {
  return {
    async recognise(model: ModelState, image: Uint8Array, options: RecognitionOptions, signal?: AbortSignal): Promise<Recognition> {
      // The version first: without one there is no reason to look at the image.
      const lease = await holder.acquire(model.storageId, signal);
      try {
        const { faces, maxFaces, minFaceFraction } = options;
        const descriptors = lease.version.pipeline;
        const analysis = await analyser.analyse(image, { faces, maxFaces, minFaceFraction, aloneFraction: 0, descriptors }, signal);
        if (!analysis.readable) return { kind: 'unreadable', problem: analysis.problem, detail: analysis.detail };
        const seen = faces === 'largest' ? analysis.faces.slice(0, 1) : analysis.faces;
        const context = { model, version: lease.version, names, candidates: options.candidates };
        const recognised = tracer.span('decide', () =>
          seen.flatMap((face) => (face.descriptor ? [recogniseFace(face, face.descriptor, context)] : [])),
        );
        return { kind: 'recognised', version: lease.version.name, width: analysis.width, height: analysis.height, faces: recognised };
      } finally {
        lease.release();
      }
    },
  };
}

interface Context {
  readonly model: ModelState;
  readonly version: LoadedVersion;
  readonly names: PeopleNames;
  readonly candidates: number;
}

function recogniseFace(face: DetectedFace, descriptor: Float32Array, { model, version, names, candidates }: Context): RecognisedFace {
  const prediction = version.model.predict(descriptor, ratios(face.landmarks));
  const verdict = decide(prediction, version.decision, model.recognition.falseAcceptTarget);
  const named = (person: RankedPerson): Candidate | undefined => {
    const name = names.nameOf(model.storageId, person.personId);
    return name === null ? undefined : { id: person.personId, name, similarity: person.similarity, probability: person.probability };
  };
  // Somebody who was erased and looks most like it is unknown; the runner-up is somebody else.
  const person = verdict.found && named(verdict.found);
  const [nearest] = verdict.candidates;
  return {
    box: face.box,
    confidence: face.confidence,
    person: person ? { id: person.id, name: person.name } : null,
    similarity: nearest?.similarity ?? Number.NaN,
    probability: nearest?.probability ?? Number.NaN,
    candidates: verdict.candidates.slice(0, candidates).flatMap((c) => named(c) ?? []),
    landmarks: face.landmarks,
    quality: face.quality,
  };
}
