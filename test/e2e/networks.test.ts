import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { Box, RgbImage } from '@facehash/vision-core';
import { openNetworks, type Networks } from '@facehash/vision-onnx';
import { sampleFace } from '../support/sample-faces.js';

// The converted networks answer as the originals do: face-api's own, on TensorFlow.js, in a process of its own.

const SIDE = 150;
const PERSONS = [0, 2, 5] as const;
const whole: Box = { x: 0, y: 0, width: SIDE, height: SIDE };

interface PeerAnswer {
  readonly landmarks: readonly (readonly [number, number])[];
  readonly descriptor: readonly number[];
  readonly ssd: readonly (readonly [x: number, y: number, width: number, height: number])[];
  readonly tiny: PeerAnswer['ssd'];
}

async function peer(picture: Buffer): Promise<PeerAnswer> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../support/face-api-peer.mjs', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(picture);
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return JSON.parse(output) as PeerAnswer;
}

async function pixels(picture: Buffer): Promise<RgbImage> {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

const middle = ([x, y, width, height]: readonly [number, number, number, number]): readonly number[] => [x + width / 2, y + height / 2];
const largest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));

describe('the converted networks', () => {
  let networks: Networks;
  beforeAll(async () => (networks = await openNetworks(process.env['FACEHASH_NETWORKS_DIR'] ?? '', { threads: 1 })));
  afterAll(() => networks.close());

  it.each(PERSONS)('answer for sample person %d as the originals do', async (person) => {
    const picture = await sharp(await sampleFace(person, 0))
      .resize(SIDE, SIDE, { fit: 'fill' })
      .png()
      .toBuffer();
    const [expected, rgb] = [await peer(picture), await pixels(picture)];
    const landmarks = await networks.landmarks.landmarks(rgb, whole);
    expect(largest(landmarks.flat(), expected.landmarks.flat()) / SIDE).toBeLessThan(1e-4);
    expect(largest([...(await networks.descriptor.describe(rgb))], expected.descriptor)).toBeLessThan(1e-4);
    for (const name of ['ssd', 'tiny'] as const) {
      const found = await networks[name].detect(rgb, { faces: 'largest', minFaceFraction: 0.3 });
      expect(found.length > 0).toBe(expected[name].length > 0);
      const [ours, theirs] = [found[0]?.box, expected[name][0]];
      if (ours && theirs) expect(largest(middle([ours.x, ours.y, ours.width, ours.height]), middle(theirs))).toBeLessThan(0.01 * SIDE);
    }
  });
});
