export { ApiKeys, type ApiKeysParts, type KeyFacts } from './api-keys.js';
export { dedicatedAddress, dedicatedManifests, dedicatedName, type Platform } from './dedicated.js';
export { dedicatedTemplate, type DedicatedTemplate } from './dedicated-template.js';
export { DedicatedWorkloads, type DedicatedWorkloadsParts } from './dedicated-workloads.js';
export { Deletion, type DeletionParts, type OwnWorkloads } from './deletion.js';
export { Finalizer } from './finalizer.js';
export { annotations, ERASURE_FINALIZER, MANAGED_BY, ownerLabels, STORAGE_ID_LABEL } from './names.js';
export { routeTo } from './route.js';
