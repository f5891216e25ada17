import type { Analysis, AnalyseOptions, Box, Descriptor, Landmarks } from './types.js';

/**
 * Finds and describes faces in encoded images (JPEG, PNG, WebP, GIF, AVIF, TIFF). Bytes are hostile until decoded, so an
 * implementation isolates decoding: bad bytes give an `Analysis` that is not readable, never a crash of the caller.
 *
 * Rejects with OVERLOADED when its bounded queue is full, with DEADLINE_EXCEEDED or the signal's reason when that aborts first.
 */
export interface FaceAnalyser {
  analyse(image: Uint8Array, options: AnalyseOptions, signal?: AbortSignal): Promise<Analysis>;
  /**
   * The pipeline's descriptor of the face with these landmarks (as `analyse` gave them for the same bytes).
   * Rejects with IMAGE_UNREADABLE when the bytes no longer decode.
   */
  describe(image: Uint8Array, landmarks: Landmarks, pipeline: string, signal?: AbortSignal): Promise<Descriptor>;
}

/** An 8-bit grey picture, row by row without padding. */
export interface GreyImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** An 8-bit RGB picture, interleaved, row by row without padding. */
export interface RgbImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Boxes are in pixels of the given picture, best first. */
export interface FaceDetector<Picture> {
  detect(
    picture: Picture,
    options: Pick<AnalyseOptions, 'faces' | 'minFaceFraction'>,
  ): Promise<readonly { readonly box: Box; readonly confidence: number }[]>;
}

/** OpenCV's cascade: cheap, and sure only where many of its windows agree. Boxes are in pixels of the given picture, largest first. */
export interface CascadeDetector {
  detect(
    picture: GreyImage,
    options: Pick<AnalyseOptions, 'faces' | 'minFaceFraction'>,
  ): Promise<readonly { readonly box: Box; /** How many windows saw it, which overlap in place and size. */ readonly support: number }[]>;
}

/** 68 landmarks of the face in a square box. Points are in pixels of the given picture. */
export interface LandmarkNetwork {
  landmarks(picture: RgbImage, box: Box): Promise<Landmarks>;
}

/** How a face is turned, scaled and cut out for a descriptor network. */
export interface Alignment {
  /** `dlib`: the mean face of dlib's descriptor with a quarter of it around. `arcface`: eyes, nose and mouth where InsightFace puts them. */
  readonly template: 'dlib' | 'arcface';
  /** Side of the square chip, pixels. */
  readonly size: number;
}

/** The descriptor of one aligned chip: numbers as the network gives them, not yet normalised. */
export interface DescriptorNetwork {
  readonly alignment: Alignment;
  /** Whether the mirror image of the chip is described, too, and the mean of both counts. */
  readonly mirrored: boolean;
  describe(chip: RgbImage): Promise<Float32Array>;
}
