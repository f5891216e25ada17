export { openLocalController, type LocalController, type LocalControllerOptions } from './controller.js';
export type { ObservedRun, TrainingRunner } from './ports.js';
export { takeTerm } from './term.js';
