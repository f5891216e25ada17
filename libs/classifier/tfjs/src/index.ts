export { openTfjsBackend } from './backend.js';
