export { layout } from './layout.js';
export {
  decodeDocument,
  encodeDocument,
  latestPointerSchema,
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
  exitCodes,
  outcomeOf,
  runOutcomeSchema,
  runProgressSchema,
  runSpecSchema,
  type RunOutcome,
  type RunProgress,
  type RunSpec,
} from './run.js';
export { landmarksSchema, type LandmarksStage } from './stages.js';
