export { checkpoints, type Checkpoint, type OnCheckpoint } from './checkpoint.js';
export { createEnrolment, type EnrolmentParts } from './enrolment.js';
export { openEraser, type Eraser, type ErasureFigures } from './eraser.js';
export { modelEraser } from './model-eraser.js';
export { PeopleProjector } from './people-projection.js';
export { openSnapshotCutter, type CutRules, type CutterParts, type SnapshotCutter } from './snapshot-cutter.js';
export type { Enrolment, EnrolmentResult, IncomingPhoto, NewPerson, PhotoResult, TrainingOutcome, Whom } from './types.js';
export { waitForTraining, type ModelStates } from './wait-for-training.js';
