export { describeObjectStoreContract, type OpenedObjectStore } from './contract.js';
export { InMemoryObjectStore } from './in-memory-object-store.js';
