import { FaceHashError } from '@facehash/kernel';
import { analyseImage, builtIn, describeFace, type DescriptorNetwork, type FaceAnalyser, type VisionParts } from '@facehash/vision-core';
import { decode } from '@facehash/vision-decode';
import type { StageLog } from '@facehash/vision-workers';
import { timedParts } from './timed-parts.js';

/** The whole of vision in this process: decode, find, describe by the network of the pipeline that is asked for. */
export function pipelineOf(
  parts: Omit<VisionParts, 'descriptor'>,
  descriptors: ReadonlyMap<string, DescriptorNetwork>,
  stages: StageLog,
): FaceAnalyser {
  const partsOf = (pipeline: string): VisionParts => {
    const descriptor = descriptors.get(pipeline);
    if (!descriptor) throw new FaceHashError('INTERNAL', { detail: `this worker has no descriptor network of pipeline ${pipeline}` });
    return timedParts({ ...parts, descriptor }, stages);
  };
  return {
    analyse: async (image, options) => {
      const timed = partsOf(options.descriptors ?? builtIn.id);
      const decoded = await stages.time('decode', () => decode(image));
      return decoded.readable ? analyseImage(decoded.picture, timed, options) : decoded;
    },
    describe: async (image, landmarks, pipeline) => {
      const { descriptor } = partsOf(pipeline);
      const decoded = await stages.time('decode', () => decode(image));
      if (!decoded.readable) throw new FaceHashError('IMAGE_UNREADABLE', { detail: decoded.detail });
      return describeFace(decoded.picture, descriptor, landmarks);
    },
  };
}
