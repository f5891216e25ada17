import type { Alignment, RgbImage } from './ports.js';

/** What a descriptor network takes and gives. */
export interface DescriptorSpec {
  readonly alignment: Alignment;
  /** Whether the mirror image of the chip is described, too, and the mean of both counts. */
  readonly mirrored: boolean;
  /** Order of the input's axes: [1, height, width, 3] or [1, 3, height, width]. */
  readonly layout: 'NHWC' | 'NCHW';
  readonly channels: 'RGB' | 'BGR';
  /** In the order of `channels`: a colour of 0 to 255 goes in as (colour - mean) / deviation. */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
  /** Numbers in a descriptor. */
  readonly length: number;
}

/** A chip as the network wants it. Runs twice for every photo, so colours are looked up. */
export function networkInput({ data, width, height }: RgbImage, spec: DescriptorSpec): Float32Array {
  const pixels = width * height;
  const values = new Float32Array(3 * pixels);
  const [pixelStep, channelStep] = spec.layout === 'NHWC' ? [3, 1] : [1, pixels];
  for (const channel of [0, 1, 2] as const) {
    const colours = Float32Array.from({ length: 256 }, (_, colour) => (colour - spec.mean[channel]) / spec.deviation[channel]);
    const from = spec.channels === 'RGB' ? channel : 2 - channel;
    for (let pixel = 0, at = channel * channelStep; pixel < pixels; pixel++, at += pixelStep) {
      values[at] = colours[data[3 * pixel + from] ?? 0] ?? 0;
    }
  }
  return values;
}
