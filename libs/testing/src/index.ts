export { sourceFlags } from './source-flags.js';
export { temporaryFolder, type TemporaryFolder } from './temporary-folder.js';
export { TestProcess } from './test-process.js';
