export { openTensorflowBackend, openTfjsBackend, type TensorflowBackend } from './backend.js';
export type { TensorflowOptions } from './tensorflow-addon.js';
