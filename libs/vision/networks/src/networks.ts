import { descriptorNetwork } from './descriptor.js';
import { landmarkNetwork } from './landmarks.js';
import { ssdNetwork } from './ssd.js';
import { tinyNetwork } from './tiny.js';
import type { Weights } from './weights.js';

/** Part of every file's origin: raise it when the bytes of a network change for the same weights. */
export const CONVERTER_VERSION = 1;

/** Each network: its name, the weights in @vladmandic/face-api that it comes from, and how it is made. */
export const networks: readonly { readonly name: string; readonly weights: string; readonly convert: (weights: Weights) => Uint8Array }[] =
  [
    { name: 'landmarks', weights: 'face_landmark_68_model', convert: landmarkNetwork },
    { name: 'descriptor', weights: 'face_recognition_model', convert: descriptorNetwork },
    { name: 'tiny', weights: 'tiny_face_detector_model', convert: tinyNetwork },
    { name: 'ssd', weights: 'ssd_mobilenetv1_model', convert: ssdNetwork },
  ];
