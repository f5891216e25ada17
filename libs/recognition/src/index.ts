export { openModelDirectory, type WatchedDirectory } from './model-directory.js';
export { openModelHolder, type HolderParts, type ModelHolder } from './model-holder.js';
export { openPeopleNames, type Gone, type PeopleNames } from './people-names.js';
export { createRecogniser, type RecogniserParts } from './recogniser.js';
export type {
  Candidate,
  ModelDirectory,
  RecognisedFace,
  Recogniser,
  Recognition,
  RecognitionOptions,
  Verification,
  Verifier,
} from './types.js';
export { createVerifier } from './verifier.js';
export { openVersionHistory, type ReportName, type StoredVersion, type VersionHistory } from './version-history.js';
