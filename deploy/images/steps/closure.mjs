/** What runs without: packages that only a build of the addon needs, and the fallback of it, which an image must not have. */
const leaves = new Set(['node_modules/@u4/opencv4nodejs']);
const unwanted = new Set(['node_modules/@techstark/opencv-js', 'node_modules/typescript']);

/**
 * Every package that the roots need to run, by its place in the lock file. A root's own dependencies are always followed.
 * @param {{packages: Record<string, object>}} lock package-lock.json
 * @param {readonly string[]} roots `services/inference`, `node_modules/x`
 * @returns {string[]} places: `node_modules/fastify`, `node_modules/@facehash/kernel` (a link), `libs/kernel`
 */
export function closureOf({ packages }, roots) {
  const found = new Set();
  const queue = [...roots];
  while (queue.length > 0) {
    const place = queue.pop();
    if (found.has(place) || unwanted.has(place) || isTypesOnly(place)) continue;
    found.add(place);
    const entry = packages[place];
    if (entry.link) queue.push(entry.resolved);
    else if (!leaves.has(place) || roots.includes(place)) queue.push(...dependenciesOf(packages, place, entry));
  }
  return [...found].sort();
}

const isTypesOnly = (place) => place.includes('node_modules/@types/') || place.endsWith('node_modules/@webgpu/types');

function dependenciesOf(packages, place, { dependencies, optionalDependencies, peerDependencies }) {
  const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
  // What is optional, and peers that nobody provides, may be in no place.
  return names.map((name) => resolved(packages, place, name)).filter((found) => found !== undefined);
}

/** Node's way: the nearest `node_modules`, from the package's own up to the repository's. */
function resolved(packages, place, name) {
  for (let folder = place; ; folder = folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/')) : '') {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[candidate]) return candidate;
    if (folder === '') return undefined;
  }
}
