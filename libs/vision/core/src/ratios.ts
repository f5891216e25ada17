import type { Landmarks, Point } from './types.js';

/**
 * Proportions of a face: quotients of distances between landmarks, so position, size and rotation in the plane do not matter; left and
 * right are averaged, so neither does mirroring. `E` is the distance of the outer eye corners, which the 300-W benchmark calls inter-ocular.
 *
 * Farkas: after an index of L. G. Farkas, Anthropometry of the Head and Face (2nd ed., 1994), with the nearest of the 68 landmarks for each
 * anatomical point (en, ex eye corners; n nasion; sn subnasale; al nose wings; ch mouth corners; ls, sto, li lips; gn chin; zy cheek bones;
 * go jaw angles; the outline stands in for zy, go and gn). Ours: added here, because the points are there and the literature's are not.
 */
const definitions = {
  /** Farkas, en-en : ex-ex. */
  intercanthal: (f) => [f.distance(39, 42), f.ocular],
  /** Farkas, en-ex : ex-ex. */
  eyeWidth: (f) => [f.eyeWidth, f.ocular],
  /** Farkas, eye fissure: height : width. */
  eyeFissure: (f) => [f.eyeHeight, f.eyeWidth],
  /** Ours, brow : E. */
  browWidth: (f) => [mean(f.distance(17, 21), f.distance(22, 26)), f.ocular],
  /** Ours, middle of the brow to the middle of the eye : E. */
  browHeight: (f) => [mean(f.between([19], [36, 39]), f.between([24], [42, 45])), f.ocular],
  /** Ours, between the brows : E. */
  browGap: (f) => [f.distance(21, 22), f.ocular],
  /** Farkas, al-al : E. */
  noseWidth: (f) => [f.noseWidth, f.ocular],
  /** Farkas, n-sn : E. */
  noseHeight: (f) => [f.noseHeight, f.ocular],
  /** Farkas, nasal index: al-al : n-sn. */
  nasalIndex: (f) => [f.noseWidth, f.noseHeight],
  /** Farkas, ch-ch : E. */
  mouthWidth: (f) => [f.mouthWidth, f.ocular],
  /** Farkas, nose to mouth width: al-al : ch-ch. */
  noseMouth: (f) => [f.noseWidth, f.mouthWidth],
  /** Farkas, upper vermilion: ls-sto : ch-ch. */
  upperLip: (f) => [f.distance(51, 62), f.mouthWidth],
  /** Farkas, lower vermilion: sto-li : ch-ch. */
  lowerLip: (f) => [f.distance(66, 57), f.mouthWidth],
  /** Farkas, philtrum: sn-ls : E. */
  philtrum: (f) => [f.distance(33, 51), f.ocular],
  /** Farkas, upper face: n-sto : E. */
  upperFace: (f) => [f.between([27], [62, 66]), f.ocular],
  /** Farkas, lower face: sn-gn : E. */
  lowerFace: (f) => [f.distance(33, 8), f.ocular],
  /** Farkas, zy-zy : E. */
  faceWidth: (f) => [f.faceWidth, f.ocular],
  /** Farkas, facial index: n-gn : zy-zy. */
  facialIndex: (f) => [f.distance(27, 8), f.faceWidth],
  /** Farkas, go-go : zy-zy. */
  jawIndex: (f) => [f.distance(4, 12), f.faceWidth],
  /** Farkas, chin: sto-gn : n-gn. */
  chinHeight: (f) => [f.between([8], [62, 66]), f.distance(27, 8)],
} as const satisfies Record<string, (face: Measures) => readonly [part: number, whole: number]>;

/** Names of the values of `ratios`, in their order. */
export const RATIO_NAMES: readonly string[] = Object.keys(definitions);

/** A quotient whose divisor all but vanishes says nothing: values end here, so that one bad face cannot drown the rest of a model's input. */
const ratioMax = 10;

/** One number between 0 and 10 for each of `RATIO_NAMES`; 0 where landmarks coincide that a face has apart. */
export function ratios(landmarks: Landmarks): Float32Array {
  const face = measure(landmarks);
  return Float32Array.from(Object.values(definitions), (definition) => {
    const [part, whole] = definition(face);
    return whole > 0 ? Math.min(ratioMax, part / whole) : 0;
  });
}

interface Measures {
  readonly ocular: number;
  readonly eyeWidth: number;
  readonly eyeHeight: number;
  readonly noseWidth: number;
  readonly noseHeight: number;
  readonly mouthWidth: number;
  readonly faceWidth: number;
  distance(a: number, b: number): number;
  /** Between the centres of two groups of landmarks. */
  between(a: readonly number[], b: readonly number[]): number;
}

function measure(landmarks: Landmarks): Measures {
  const at = (index: number): Point => {
    const point = landmarks[index];
    if (!point) throw new RangeError(`landmark ${index} is missing`);
    return point;
  };
  const centre = (group: readonly number[]): Point => [
    group.reduce((sum, index) => sum + at(index)[0], 0) / group.length,
    group.reduce((sum, index) => sum + at(index)[1], 0) / group.length,
  ];
  const between = (a: readonly number[], b: readonly number[]) => {
    const [from, to] = [centre(a), centre(b)];
    return Math.hypot(from[0] - to[0], from[1] - to[1]);
  };
  const distance = (a: number, b: number) => between([a], [b]);
  return {
    distance,
    between,
    ocular: distance(36, 45),
    eyeWidth: mean(distance(36, 39), distance(42, 45)),
    eyeHeight: mean(between([37, 38], [40, 41]), between([43, 44], [46, 47])),
    noseWidth: distance(31, 35),
    noseHeight: distance(27, 33),
    mouthWidth: distance(48, 54),
    faceWidth: distance(1, 15),
  };
}

function mean(left: number, right: number): number {
  return (left + right) / 2;
}
