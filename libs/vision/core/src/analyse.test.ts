import { analyseImage, describeFace, type UprightPicture, type VisionParts } from './analyse.js';
import { builtInAlignment } from './chip.js';
import type { FaceDetector, RgbImage } from './ports.js';
import { aDescriptor, someLandmarks } from './testing/index.js';
import { frame, portrait, type Box, type DetectedFace } from './types.js';

const grey = (width: number, height: number): RgbImage => ({ data: new Uint8Array(width * height * 3).fill(90), width, height });
const picture: UprightPicture = { rgb: grey(200, 100), width: 400, height: 200 };
const box: Box = { x: 80, y: 25, width: 40, height: 50 };

/** Where a box lies in the part of the picture that it is looked at in. */
const inSurroundings = ({ width, height }: Box): Box => {
  const side = 2.6 * Math.max(width, height);
  return { x: (side - width) / 2, y: (side - height) / 2, width, height };
};

class Parts implements VisionParts {
  readonly asked: string[] = [];
  readonly boxes: Partial<Record<'haar' | 'tiny' | 'ssd', readonly Box[]>>;
  readonly landmarkBoxes: Box[] = [];
  described = 0;

  constructor(boxes: Parts['boxes']) {
    this.boxes = boxes;
  }
  /** Windows behind each box of the cascade. */
  support = 5;
  readonly haar = {
    detect: async () => {
      this.asked.push('haar');
      return (this.boxes.haar ?? []).map((found) => ({ box: found, support: this.support }));
    },
  };
  readonly tiny = this.#detector('tiny');
  readonly ssd = this.#detector('ssd');
  readonly landmarks = {
    landmarks: async (_: RgbImage, where: Box) => {
      this.landmarkBoxes.push(where);
      return someLandmarks(where);
    },
  };
  readonly descriptor = {
    alignment: builtInAlignment,
    mirrored: true,
    describe: async () => {
      this.described++;
      return aDescriptor(this.described);
    },
  };

  #detector(name: 'tiny' | 'ssd'): FaceDetector<{ readonly width: number }> {
    return {
      detect: async () => {
        this.asked.push(name);
        return (this.boxes[name] ?? []).map((found) => ({ box: found, confidence: 0.5 }));
      },
    };
  }
}

const facesOf = async (parts: Parts, options = portrait): Promise<readonly DetectedFace[]> => {
  const analysis = await analyseImage(picture, parts, options);
  if (!analysis.readable) throw new Error('not readable');
  return analysis.faces;
};

describe('the pipeline', () => {
  it('believes the cascade where the tiny network sees a face in its box, too', async () => {
    const seen = new Parts({ haar: [box], tiny: [inSurroundings(box)], ssd: [box] });
    expect(await facesOf(seen)).toMatchObject([{ detector: 'haar', confidence: 0.5 }]);
    expect(seen.asked).toEqual(['haar', 'tiny']);
  });

  it('believes the cascade alone where many windows saw one face', async () => {
    const sure = Object.assign(new Parts({ haar: [box], tiny: [], ssd: [] }), { support: 12 });
    expect(await facesOf(sure)).toMatchObject([{ detector: 'haar', confidence: 0.75 }]);
    expect(sure.asked).toEqual(['haar']);
    const two = Object.assign(new Parts({ haar: [box, { ...box, x: 20 }], tiny: [], ssd: [] }), { support: 12 });
    expect(await facesOf(two)).toEqual([]);
    expect(two.asked).toContain('tiny');
  });

  it('looks again with SSD where the cascade saw nobody, or what no network calls a face', async () => {
    const badge = new Parts({ haar: [box], tiny: [{ x: 0, y: 0, width: 8, height: 8 }], ssd: [box] });
    expect(await facesOf(badge)).toMatchObject([{ detector: 'ssd' }]);
    expect(badge.asked).toEqual(['haar', 'tiny', 'ssd']);
    const nobody = new Parts({});
    expect(await facesOf(nobody)).toEqual([]);
    expect(nobody.asked).toEqual(['haar', 'ssd', 'tiny']);
  });

  it('takes overlapping boxes of the cascade for one face: the one that the tiny network draws, too', async () => {
    const larger: Box = { x: 60, y: 0, width: 90, height: 90 };
    const parts = new Parts({ haar: [larger, box] });
    // It sees the face in the middle of the smaller box, whichever surroundings it is shown.
    const tiny = {
      detect: async (cut: RgbImage) => [{ box: { x: cut.width / 2 - 20, y: cut.height / 2 - 25, width: 40, height: 50 }, confidence: 0.7 }],
    };
    const faces = await facesOf(Object.assign(parts, { tiny }));
    expect(faces.map((face) => face.box.width)).toEqual([80]);
  });

  it('looks for others beside a face that leaves room for them, where that was asked', async () => {
    const other: Box = { x: 5, y: 25, width: 40, height: 40 };
    const seen = { haar: [box], tiny: [inSurroundings(box)], ssd: [box, other] };
    expect(await facesOf(new Parts(seen), { ...portrait, aloneFraction: 0.6 })).toHaveLength(2);
    expect(await facesOf(new Parts(seen), { ...portrait, aloneFraction: 0.5 })).toMatchObject([{ detector: 'haar' }]);
    expect(await facesOf(new Parts({ ...seen, ssd: [] }), { ...portrait, aloneFraction: 0.6 })).toMatchObject([{ detector: 'haar' }]);
  });

  it('leaves a close face that SSD misses to the tiny network', async () => {
    expect(await facesOf(new Parts({ tiny: [box] }))).toMatchObject([{ detector: 'tiny', box: { x: 160, y: 50 } }]);
    expect(await facesOf(new Parts({ tiny: [box] }), frame)).toEqual([]);
  });

  it('looks for every face of a frame with SSD at once', async () => {
    const seen = new Parts({ haar: [box], ssd: [box] });
    expect(await facesOf(seen, frame)).toMatchObject([{ detector: 'ssd' }]);
    expect(seen.asked).toEqual(['ssd']);
  });

  it('answers in pixels of the upright image, though it worked on a smaller copy', async () => {
    const [face] = await facesOf(new Parts({ ssd: [box] }));
    expect(face?.box).toEqual({ x: 160, y: 50, width: 80, height: 100 });
    expect(face?.landmarks).toEqual(someLandmarks({ x: 75, y: 25, width: 50, height: 50 }).map(([x, y]) => [2 * x, 2 * y]));
    expect(face?.quality).toMatchObject({ sizePx: 80, brightness: 90 });
  });

  it('gives the landmark network a square around the middle of the box', async () => {
    const parts = new Parts({ ssd: [box] });
    await facesOf(parts);
    expect(parts.landmarkBoxes).toEqual([{ x: 75, y: 25, width: 50, height: 50 }]);
  });

  it('keeps boxes inside the image', async () => {
    const [face] = await facesOf(new Parts({ ssd: [{ x: -10, y: 60, width: 300, height: 80 }] }));
    expect(face?.box).toEqual({ x: 0, y: 120, width: 400, height: 80 });
  });

  it('puts the largest face first, and describes it alone or all of them, as asked', async () => {
    const small: Box = { x: 100, y: 10, width: 20, height: 20 };
    const faces = { ssd: [small, box] };
    const one = await facesOf(new Parts(faces));
    expect(one.map((face) => [face.box.width, face.descriptor !== undefined])).toEqual([
      [80, true],
      [40, false],
    ]);
    const all = await facesOf(new Parts(faces), frame);
    expect(all.every((face) => face.descriptor !== undefined)).toBe(true);
    const none = await facesOf(new Parts(faces), { ...frame, descriptors: null });
    expect(none.some((face) => face.descriptor !== undefined)).toBe(false);
    expect(await facesOf(new Parts(faces), { ...frame, maxFaces: 1 })).toHaveLength(1);
  });

  it('averages the descriptors of the chip and of its mirror image to unit length', async () => {
    const parts = new Parts({ ssd: [box] });
    const [face] = await facesOf(parts);
    expect(parts.described).toBe(2);
    expect(Math.hypot(...(face?.descriptor ?? []))).toBeCloseTo(1, 5);
    const [a, b] = [aDescriptor(1), aDescriptor(2)];
    const dot = (x: Float32Array): number => x.reduce((sum, v, i) => sum + v * (face?.descriptor?.[i] ?? 0), 0);
    expect(dot(a)).toBeCloseTo(dot(b), 5);
  });

  it('describes again by landmarks of the upright image what it described at once', async () => {
    // A network that answers by what it sees: the sums of rows of the chip.
    const network = {
      alignment: builtInAlignment,
      mirrored: true,
      describe: async ({ data }: RgbImage) =>
        Float32Array.from({ length: 128 }, (_, i) => data.subarray(i * 450, (i + 1) * 450).reduce((s, v) => s + v, 1)),
    };
    const rgb = grey(200, 100);
    rgb.data.forEach((_, i) => (rgb.data[i] = (i * 7) % 251));
    const parts = Object.assign(new Parts({ ssd: [box] }), { descriptor: network });
    const analysis = await analyseImage({ ...picture, rgb }, parts, portrait);
    const [face] = analysis.readable ? analysis.faces : [];
    const again = await describeFace({ ...picture, rgb }, network, face?.landmarks ?? []);
    again.forEach((value, i) => expect(value).toBeCloseTo(face?.descriptor?.[i] ?? Number.NaN, 3));
  });

  it('cuts the face out as the network wants it, and leaves the mirror image to those that were made for it', async () => {
    const chips: RgbImage[] = [];
    const network = {
      alignment: { template: 'arcface', size: 112 } as const,
      mirrored: false,
      describe: async (chip: RgbImage) => {
        chips.push(chip);
        return Float32Array.of(3, 4);
      },
    };
    const [face] = await facesOf(Object.assign(new Parts({ ssd: [box] }), { descriptor: network }));
    expect(chips).toEqual([expect.objectContaining({ width: 112, height: 112 })]);
    expect([...(face?.descriptor ?? [])].map((value) => value.toFixed(6))).toEqual(['0.600000', '0.800000']);
  });

  it('refuses a network that answers nothing', async () => {
    const silent = { alignment: builtInAlignment, mirrored: true, describe: async () => new Float32Array(128) };
    await expect(describeFace(picture, silent, someLandmarks())).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
