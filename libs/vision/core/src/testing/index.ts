export { aDescriptor, aDescriptorNear, aFace, anAnalysis, someLandmarks } from './builders.js';
export { FakeFaceAnalyser, type AnalyserCall } from './fake-face-analyser.js';
