export { analyseImage, describeFace, type UprightPicture, type VisionParts } from './analyse.js';
export { alignedChip, CHIP_SIZE } from './chip.js';
export { overlap } from './box.js';
export { PIPELINE_ID } from './pipeline.js';
export type { CascadeDetector, DescriptorNetwork, FaceAnalyser, FaceDetector, GreyImage, LandmarkNetwork, RgbImage } from './ports.js';
export { qualityProblem, type QualityProblem } from './quality.js';
export { RATIO_NAMES, ratios } from './ratios.js';
export {
  DESCRIPTOR_LENGTH,
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
