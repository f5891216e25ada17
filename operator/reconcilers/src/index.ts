export { Asked } from './asked.js';
export { cachedFaceModel, storageIdIn, type CachedFaceModel } from './cached-face-model.js';
export { followCommands } from './commands.js';
export { BY_STORAGE_ID, FaceModelReconciler, type FaceModelReconcilerParts, type KeyFacts } from './face-model-reconciler.js';
export { Fence } from './fence.js';
export { Outage } from './outage.js';
export { OwnWrites } from './own-writes.js';
export { faceModels, pods } from './resources.js';
export { StatusWriter } from './status-writer.js';
