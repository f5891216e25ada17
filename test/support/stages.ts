import { bundledCascadePath, openHaar } from '@facehash/vision-haar';
import { alignedChip, analyseImage, portrait, type VisionParts } from '@facehash/vision-core';
import { decode, prepareDecoder } from '@facehash/vision-decode';
import { openNetworks } from '@facehash/vision-onnx';
import { median, row, type Row } from './benchmark.js';

const WARM_UP = 20;
const PASSES = 4;

/** What one photo costs in a vision worker, stage by stage: one thread, the median over all photos, several times each. */
export async function stageRows(photos: readonly Buffer[]): Promise<Row[]> {
  prepareDecoder();
  const networks = await openNetworks(process.env['FACEHASH_NETWORKS_DIR'] ?? '', { threads: 1 });
  const haar = await openHaar({ adapter: 'auto', cascadePath: bundledCascadePath() });
  const times = new Times();
  const parts: VisionParts = {
    haar: {
      detect: (picture, options) => times.of(`detection (Haar, ${haar.adapter})`, () => haar.detector.detect(picture, options)),
    },
    tiny: { detect: (picture, options) => times.of('confirmation by the tiny network', () => networks.tiny.detect(picture, options)) },
    ssd: networks.ssd,
    landmarks: { landmarks: (picture, box) => times.of('68 landmarks', () => networks.landmarks.landmarks(picture, box)) },
    descriptor: {
      alignment: networks.descriptor.alignment,
      mirrored: networks.descriptor.mirrored,
      describe: (chip) => times.of('descriptor, each of two', () => networks.descriptor.describe(chip)),
    },
  };
  const analyse = async (photo: Buffer): Promise<void> => {
    const decoded = await times.of('decode', () => decode(photo));
    if (!decoded.readable) throw new Error(decoded.detail);
    const { picture } = decoded;
    const analysis = await analyseImage(picture, parts, portrait);
    const [face] = analysis.readable ? analysis.faces : [];
    // Again by itself: it has no part of its own that could be timed from outside.
    if (face) await times.of('aligned chip', async () => alignedChip(picture.rgb, face.landmarks));
  };
  for (const photo of photos.slice(0, WARM_UP)) await analyse(photo);
  times.clear();
  for (let pass = 0; pass < PASSES; pass++) {
    for (const photo of photos) await times.of('one photo, one thread', () => analyse(photo));
  }
  haar.close();
  await networks.close();
  return times.rows();
}

class Times {
  readonly #ms = new Map<string, number[]>();

  async of<T>(stage: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await work();
    const taken = this.#ms.get(stage) ?? [];
    taken.push(performance.now() - began);
    this.#ms.set(stage, taken);
    return result;
  }

  clear(): void {
    this.#ms.clear();
  }

  rows(): Row[] {
    return [...this.#ms].map(([stage, ms]) => row(stage, median(ms), 'ms'));
  }
}
