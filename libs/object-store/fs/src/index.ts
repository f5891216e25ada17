export { openFsObjectStore } from './fs-object-store.js';
