export { dlibInDisguise, meanColour } from './own-networks.js';
