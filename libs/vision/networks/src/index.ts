export { buildNetworks } from './build-networks.js';
