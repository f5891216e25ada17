export { ApiKeys, type ApiKeysParts, type KeyFacts } from './api-keys.js';
export { annotations, ERASURE_FINALIZER, MANAGED_BY, ownerLabels, STORAGE_ID_LABEL } from './names.js';
