export { Asked, type Wish } from './asked.js';
export { consumeSideBySide } from './consume-side-by-side.js';
export type { ObservedRun, TrainingRunner } from './ports.js';
export { Reconciler, type PassOutcome, type ReconcileParts } from './reconcile.js';
export { ReplicaBoard } from './replica-board.js';
export { takeTerm } from './term.js';
