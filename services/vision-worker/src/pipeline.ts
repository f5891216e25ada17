import { FaceHashError } from '@facehash/kernel';
import { analyseImage, describeFace, type FaceAnalyser, type VisionParts } from '@facehash/vision-core';
import { decode } from '@facehash/vision-decode';
import type { StageLog } from '@facehash/vision-workers';

/** The whole of vision in this process: decode, find, describe. */
export function pipelineOf(parts: VisionParts, stages: StageLog): FaceAnalyser {
  return {
    analyse: async (image, options) => {
      const decoded = await stages.time('decode', () => decode(image));
      return decoded.readable ? analyseImage(decoded.picture, parts, options) : decoded;
    },
    describe: async (image, landmarks) => {
      const decoded = await stages.time('decode', () => decode(image));
      if (!decoded.readable) throw new FaceHashError('IMAGE_UNREADABLE', { detail: decoded.detail });
      return describeFace(decoded.picture, parts.descriptor, landmarks);
    },
  };
}
