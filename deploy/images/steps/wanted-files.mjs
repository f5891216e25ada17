/** Files that no program opens, in any package. Licences stay. */
const neverOpened = /\.(map|ts|mts|cts|tsbuildinfo|md|markdown|flow)$|\.(test|spec)\.[cm]?js$|(^|\/)(tests?|__tests__|\.github)\//i;
const licence = /licen[cs]e|notice|copying/i;
const thisPlatform = `${process.platform}/${process.arch}`;

/** Of packages that carry much beside what we run, the part that we do. */
const parts = {
  // The picture that a server looks at when it starts.
  '@vladmandic/face-api': /^(package\.json|LICENSE|demo\/sample1\.jpg)$/,
  '@u4/opencv4nodejs':
    /^(package\.json|LICENSE|cjs\/lib\/opencv4nodejs\.js|src\/lib\/haarcascades\/haarcascade_frontalface_alt2\.xml|build\/Release\/opencv4nodejs\.node)$/,
  'onnxruntime-node': new RegExp(`^(package\\.json|LICENSE|ThirdPartyNotices\\.txt|dist/|lib/|bin/napi-v\\d+/${thisPlatform}/)`),
  // The bundle that Node loads; the rest is the same once more for browsers and bundlers.
  '@tensorflow/tfjs-core': /^(package\.json|dist\/tf-core\.node\.js)$/,
  '@tensorflow/tfjs-layers': /^(package\.json|dist\/tf-layers\.node\.js)$/,
  '@tensorflow/tfjs-backend-cpu': /^(package\.json|dist\/tf-backend-cpu\.node\.js)$/,
  '@tensorflow/tfjs-backend-wasm': /^(package\.json|dist\/(tf-backend-wasm\.node\.js|.*\.wasm))$/,
  'swagger-ui-dist': /^(package\.json|LICENSE|NOTICE|swagger-ui\.css|swagger-ui-bundle\.js)$/,
  // Builds of Node's own modules for another runtime, which Node never looks at.
  'bare-buffer': /^(package\.json|LICENSE)$/,
  'bare-fs': /^(package\.json|LICENSE)$/,
  'bare-path': /^(package\.json|LICENSE)$/,
  'bare-url': /^(package\.json|LICENSE)$/,
  rxjs: /^(package\.json|LICENSE\.txt|dist\/cjs\/)/,
};
/** Of our own packages: what was compiled, and the files that a program serves. */
const own = /^(package\.json$|dist\/|openapi\.json$|page\/(?!tsconfig|dist))/;
const forTests = /^dist\/testing\//;

/**
 * Whether an image needs this file of a package.
 * @param {string} place of the package: `node_modules/rxjs`, `services/inference`
 * @param {string} path within it
 */
export function isWanted(place, path) {
  if (!place.includes('node_modules/')) return own.test(path) && !forTests.test(path) && !neverOpened.test(path);
  const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
  if (parts[name] && !parts[name].test(path)) return false;
  return licence.test(path) || !neverOpened.test(path);
}
