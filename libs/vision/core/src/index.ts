export { analyseImage, describeFace, type UprightPicture, type VisionParts } from './analyse.js';
export { alignedChip, builtInAlignment } from './chip.js';
export { networkInput, type DescriptorSpec } from './descriptor-input.js';
export { overlap } from './box.js';
export { builtIn, PIPELINE_ID, type Pipeline } from './pipeline.js';
export type {
  Alignment,
  CascadeDetector,
  DescriptorNetwork,
  FaceAnalyser,
  FaceDetector,
  GreyImage,
  LandmarkNetwork,
  RgbImage,
} from './ports.js';
export { qualityProblem, type QualityProblem } from './quality.js';
export { RATIO_NAMES, ratios } from './ratios.js';
export {
  enrolment,
  frame,
  LANDMARK_COUNT,
  portrait,
  type Analysis,
  type AnalyseOptions,
  type Box,
  type Descriptor,
  type DetectedFace,
  type FaceQuality,
  type ImageProblem,
  type Landmarks,
  type Point,
} from './types.js';
