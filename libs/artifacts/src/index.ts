export { layout } from './layout.js';
export { runReportSchema, type RunReport } from './report.js';
export {
  decodeDocument,
  decodeIfSound,
  encodeDocument,
  latestPointerSchema,
  photosDigest,
  sampleCounts,
  samplesDigest,
  snapshotSchema,
  type LatestPointer,
  type Snapshot,
} from './snapshot.js';
export {
  activePointerSchema,
  manifestSchema,
  versionName,
  type ActivePointer,
  type VersionInputs,
  type VersionManifest,
} from './version.js';
export {
  exitCodeOf,
  exitCodes,
  outcomeOf,
  runOutcomeSchema,
  runProgressSchema,
  runSpecSchema,
  type Quarantine,
  type RunOutcome,
  type RunProgress,
  type RunSpec,
} from './run.js';
export { decodeFeatures, encodeFeatures, landmarksSchema, type Features, type LandmarksStage } from './stages.js';
