export { openDescriptor, type OpenedDescriptor } from './descriptor.js';
export { openNetworks, type Networks } from './networks.js';
