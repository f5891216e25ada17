export { apiKeyFile, KeyFiles } from './key-files.js';
