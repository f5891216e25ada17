import { join } from 'node:path';
import { nodeAddress } from './addresses.js';
import { fileOfKernelSetting, kernelSettings, volatile } from './configuration.js';

/**
 * Folders outside of the state folder that a component writes to, whatever it is configured to: in the cluster's mount namespace these are
 * what they were, and what is written goes to memory. `/run` is not even what it was: it begins empty.
 */
const asideFolders = ['/etc', '/opt', '/var/lib', '/var/log'];

/** Commands that make the fresh namespaces fit for a node, in their order. */
export function preparation(config: string): readonly (readonly string[])[] {
  return [
    ['ip', 'link', 'set', 'lo', 'up'],
    // There may be no dummy interfaces; the loopback interface takes any address.
    ['ip', 'address', 'add', `${nodeAddress}/32`, 'dev', 'lo'],
    ['mount', '-t', 'tmpfs', '-o', 'mode=755', 'facehash', '/run'],
    ['mkdir', '-p', `${volatile}/tmp`, '/run/netns'],
    ...asideFolders.flatMap(aside),
    ...Object.keys(kernelSettings).map((name) => ['mount', '--bind', join(config, fileOfKernelSetting(name)), `/proc/sys/${name}`]),
  ];
}

function aside(folder: string): readonly string[][] {
  const own = `${volatile}/aside${folder}`;
  const layers = `lowerdir=${folder},upperdir=${own}/upper,workdir=${own}/work`;
  return [
    ['mkdir', '-p', `${own}/upper`, `${own}/work`],
    ['mount', '-t', 'overlay', '-o', layers, 'facehash', folder],
  ];
}
