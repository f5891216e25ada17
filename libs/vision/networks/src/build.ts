import { buildNetworks } from './build-networks.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: node build.js <folder>\n');
  process.exitCode = 2;
} else {
  await buildNetworks(folder);
}
