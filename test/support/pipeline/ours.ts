import { analyseImage, portrait, type VisionParts } from '@facehash/vision-core';
import { decode, prepareDecoder } from '@facehash/vision-decode';
import { bundledCascadePath, openHaar } from '@facehash/vision-haar';
import { openNetworks } from '@facehash/vision-onnx';
import type { Contender, StageTimes } from './contender.js';

/** The product's own pipeline, as a vision worker runs it. */
export async function openOurs(networksDir: string): Promise<Contender> {
  prepareDecoder();
  const networks = await openNetworks(networksDir, { threads: 1 });
  const haar = await openHaar({ adapter: 'native', cascadePath: bundledCascadePath() });
  const timed = (times: StageTimes): VisionParts => ({
    haar: { detect: (picture, options) => times.of('detect', () => haar.detector.detect(picture, options)) },
    tiny: { detect: (picture, options) => times.of('detect: confirm', () => networks.tiny.detect(picture, options)) },
    ssd: { detect: (picture, options) => times.of('detect: SSD', () => networks.ssd.detect(picture, options)) },
    landmarks: { landmarks: (picture, box) => times.of('landmarks', () => networks.landmarks.landmarks(picture, box)) },
    descriptor: {
      alignment: networks.descriptor.alignment,
      mirrored: networks.descriptor.mirrored,
      describe: (chip) => times.of('descriptor', () => networks.descriptor.describe(chip)),
    },
  });
  return {
    describe: async (photo, times) => {
      const decoded = await times.of('decode', () => decode(photo));
      if (!decoded.readable) return false;
      const analysis = await analyseImage(decoded.picture, timed(times), portrait);
      return analysis.readable && analysis.faces.length > 0;
    },
    close: async () => {
      haar.close();
      await networks.close();
    },
  };
}
