export { happenings, type Happening } from './events.js';
export { plan, type Plan } from './plan.js';
export { keyExpiryInMs, publishedState, tombstoneOf, type Gone } from './published.js';
export type { Keep, Observed, ObservedReplica, ObservedRun, Restart, Step } from './types.js';
export { versionsOfInterest } from './wanted.js';
