export { aManifestOfVersion, aSnapshot } from './builders.js';
