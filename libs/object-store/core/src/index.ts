export { checkKey, checkPrefix, isKey } from './keys.js';
export type { ObjectInfo, ObjectStore, StoredObject } from './ports.js';
export { removeAll } from './remove-all.js';
