export { aManifestOfVersion } from './builders.js';
