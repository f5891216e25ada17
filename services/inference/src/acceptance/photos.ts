import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

/** Face boxes in the picture that the self-test looks at: left, top, width and height in pixels. */
const boxes = {
  enrolled: { left: 414, top: 355, width: 177, height: 240 },
  stranger: { left: 1476, top: 199, width: 203, height: 241 },
} as const;

/** A JPEG of one of two people; each take is another photo as far as bytes, framing, tilt and light go. */
export async function photoOf(person: keyof typeof boxes, take: number): Promise<Buffer> {
  const { left, top, width, height } = boxes[person];
  const margin = Math.round(height * (0.3 + 0.03 * take));
  const region = {
    left: left - margin,
    top: Math.max(0, top - margin),
    width: width + 2 * margin,
    height: height + 2 * margin,
  };
  return sharp(fileURLToPath(import.meta.resolve('@vladmandic/face-api/demo/sample1.jpg')))
    .extract(region)
    .rotate(((take * 3) % 11) - 5, { background: '#808080' })
    .resize(220 + take * 17)
    .modulate({ brightness: 0.9 + 0.02 * take })
    .jpeg({ quality: 80 + take })
    .toBuffer();
}
