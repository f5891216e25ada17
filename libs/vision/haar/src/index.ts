export { bundledCascadePath } from './cascade.js';
export { openHaar, type HaarAdapter, type OpenedHaar } from './open-haar.js';
