import type { VisionParts } from '@facehash/vision-core';
import type { StageLog } from '@facehash/vision-workers';

/** The same parts, each of whose calls is written down as a stage. */
export function timedParts({ haar, tiny, ssd, landmarks, descriptor }: VisionParts, stages: StageLog): VisionParts {
  return {
    haar: { detect: (picture, options) => stages.time('detect', () => haar.detect(picture, options)) },
    tiny: { detect: (picture, options) => stages.time('detect', () => tiny.detect(picture, options)) },
    ssd: { detect: (picture, options) => stages.time('detect', () => ssd.detect(picture, options)) },
    landmarks: { landmarks: (picture, box) => stages.time('landmarks', () => landmarks.landmarks(picture, box)) },
    descriptor: {
      alignment: descriptor.alignment,
      mirrored: descriptor.mirrored,
      describe: (chip) => stages.time('descriptor', () => descriptor.describe(chip)),
    },
  };
}
