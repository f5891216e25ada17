import { PIPELINE_ID } from './pipeline.js';

/** Pixels of the upright image (EXIF orientation applied): origin top left, x to the right, y down. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Point = readonly [x: number, y: number];

/** 68 points in the order of the iBUG 300-W annotation (Sagonas et al., 2013), in pixels of the upright image. */
export type Landmarks = readonly Point[];

export const LANDMARK_COUNT = 68;

/** Of unit length: what a descriptor network says of an aligned face, in the built-in pipeline averaged with its mirror image. */
export type Descriptor = Float32Array;

/** What was measured of a face to judge whether it may be enrolled. Bounds stand in `quality.ts`. */
export interface FaceQuality {
  /** Shorter side of the face box, pixels. */
  readonly sizePx: number;
  /** Variance of the Laplacian of the grey aligned chip (Pech-Pacheco et al., 2000): low means blurred. */
  readonly sharpness: number;
  /** Mean grey level of the aligned chip, 0 to 255. */
  readonly brightness: number;
  /**
   * How far the head is turned: the nose tip's way from the middle between the outer eye corners, along the line through them, in halves of
   * their distance. 0 from the front, 1 and more in profile.
   */
  readonly turn: number;
}

export interface DetectedFace {
  readonly box: Box;
  /** Score of the network that found or confirmed it, or, of a face that the cascade is sure of, n / (n + 4) for its n windows: 0 to 1. */
  readonly confidence: number;
  readonly detector: 'haar' | 'ssd' | 'tiny';
  readonly landmarks: Landmarks;
  readonly quality: FaceQuality;
  /** Present when descriptors were asked for. */
  readonly descriptor?: Descriptor;
}

/** Expected trouble with an image, as data. */
export type ImageProblem = 'IMAGE_UNREADABLE' | 'IMAGE_TOO_LARGE' | 'IMAGE_TOO_SMALL';

export type Analysis =
  | {
      readonly readable: true;
      /** Pixels of the upright image. */
      readonly width: number;
      readonly height: number;
      /** Largest box first. */
      readonly faces: readonly DetectedFace[];
    }
  | { readonly readable: false; readonly problem: ImageProblem; readonly detail: string };

export interface AnalyseOptions {
  /** `largest`: the portrait setting, one subject (other faces are still reported where they were seen). `all`: every face down to `minFaceFraction`. */
  readonly faces: 'largest' | 'all';
  /** Smallest face as a fraction of the image's short side. */
  readonly minFaceFraction: number;
  /**
   * For `largest`: a face whose side is a smaller fraction of the short side leaves room for somebody else, so the whole picture is searched with
   * care, at several times the cost. 0: one face is enough.
   */
  readonly aloneFraction: number;
  readonly maxFaces: number;
  /** The pipeline whose descriptors are computed, for `largest` of the largest face only; null: none. */
  readonly descriptors: string | null;
}

/** Recognition and enrolment look for one subject. */
export const portrait: AnalyseOptions = {
  faces: 'largest',
  minFaceFraction: 0.3,
  aloneFraction: 0,
  maxFaces: 16,
  descriptors: PIPELINE_ID,
};

/** Enrolment takes a photo of one person, so somebody beside them must be seen, too. Whose descriptor is wanted, the caller says. */
export const enrolment: AnalyseOptions = { ...portrait, aloneFraction: 0.36, descriptors: null };

/** Every face of a frame. */
export const frame: AnalyseOptions = { faces: 'all', minFaceFraction: 0.08, aloneFraction: 0, maxFaces: 16, descriptors: PIPELINE_ID };
