export { happenings, type Happening } from './events.js';
export { plan, type Plan } from './plan.js';
export { publishedState } from './published.js';
export type { Keep, Observed, ObservedReplica, ObservedRun, Step } from './types.js';
export { versionsOfInterest } from './wanted.js';
