export { openNetworks, type Networks } from './networks.js';
